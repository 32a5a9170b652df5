import { Client } from "imagewire";

const client = new Client(); // IMAGEWIRE_TARGET, else 127.0.0.1:50051
const picture = await client.draw("A lighthouse at dusk", { aspectRatio: "16:9" });
console.log(await picture.save("lighthouse"), picture.width, picture.height);
client.close();
