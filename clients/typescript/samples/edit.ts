import { Client } from "imagewire";

const client = new Client();
const chat = client.chat({ model: "gemini/gemini-3-pro-image" });
const first = await chat.send("A red bicycle");
console.log(first.text, first.cost);
// The chat sends the picture back with the model's signature.
for await (const event of chat.stream("Make it blue")) {
  if (event.type === "text") {
    console.log(event.text);
  } else if (event.type === "part" && event.value.image) {
    console.log(await event.value.image.save("blue-bicycle"));
  }
}
client.close();
