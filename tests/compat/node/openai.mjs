// openai-node, unmodified: chat unary and streamed, the stream helper, images, errors.
import OpenAI, { toFile } from "openai";
import { ask, baseURL, model, sha256, tell } from "./told.mjs";

const client = new OpenAI({ baseURL, apiKey: "any" });

const answer = await client.chat.completions.create({ model, messages: ask });
const message = answer.choices[0].message;
tell("chat", { content: message.content, image: sha256(message.image.url), images: message.images.map(entry) });

const chunks = [];
for await (const chunk of await client.chat.completions.create({ model, messages: ask, stream: true })) {
  chunks.push(chunk.choices[0].delta);
}
tell("stream", {
  content: chunks.map((delta) => delta.content ?? "").join(""),
  image: chunks.filter((delta) => delta.image).map((delta) => sha256(delta.image.url)),
  images: chunks.flatMap((delta) => delta.images ?? []).map(entry),
});

const final = await client.chat.completions.stream({ model, messages: ask }).finalChatCompletion();
tell("helper", { content: final.choices[0].message.content, finish: final.choices[0].finish_reason });

const images = await client.images.generate({ model, prompt: "A banana" });
tell("generate", { images: images.data.map((picture) => sha256(picture.b64_json)) });

const file = await toFile(Buffer.from(images.data[0].b64_json, "base64"), "in.png", { type: "image/png" });
const edited = await client.images.edit({ model, prompt: "Blue", image: [file] });
tell("edit", { images: edited.data.map((picture) => sha256(picture.b64_json)) });

const response = await client.responses.create({ model, input: "A banana", tools: [{ type: "image_generation" }] });
const drawn = response.output.filter((item) => item.type === "image_generation_call");
tell("responses", { content: response.output_text, images: drawn.map((item) => sha256(item.result)) });

const failed = await client.chat.completions
  .create({ model: "gemini/emulator-truncated", messages: ask })
  .catch((error) => error);
tell("error", { status: failed.status, code: failed.code });

function entry(given) {
  return sha256(given.image_url.url);
}
