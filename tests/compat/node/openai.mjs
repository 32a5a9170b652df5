// openai-node, unmodified: chat unary and streamed, the stream helper, images, errors.
import OpenAI, { toFile } from "openai";
import { ask, baseURL, calls, model, sha256, tell } from "./told.mjs";

const client = new OpenAI({ baseURL, apiKey: "any" });

const answer = await client.chat.completions.create({ model, messages: ask });
const message = answer.choices[0].message;
tell("chat", { content: message.content, image: sha256(message.image.url), images: message.images.map(entry) });
tell("usage", answer.usage);

const chunks = [];
for await (const chunk of await client.chat.completions.create({ model, messages: ask, stream: true })) {
  chunks.push(chunk.choices[0].delta);
}
tell("stream", {
  content: chunks.map((delta) => delta.content ?? "").join(""),
  image: chunks.filter((delta) => delta.image).map((delta) => sha256(delta.image.url)),
  images: chunks.flatMap((delta) => delta.images ?? []).map(entry),
});

const helped = client.chat.completions.stream({ model, messages: ask, stream_options: { include_usage: true } });
const final = await helped.finalChatCompletion();
const { content, image } = final.choices[0].message;
const { finish_reason: finish } = final.choices[0];
tell("helper", { content, image: sha256(image.url), finish, total: final.usage.total_tokens });

const images = await client.images.generate({ model, prompt: "A banana" });
tell("generate", { images: images.data.map((picture) => sha256(picture.b64_json)) });

const file = await toFile(Buffer.from(images.data[0].b64_json, "base64"), "in.png", { type: "image/png" });
const edited = await client.images.edit({ model, prompt: "Blue", image: [file] });
tell("edit", { images: edited.data.map((picture) => sha256(picture.b64_json)) });

const response = await client.responses.create({ model, input: "A banana", tools: [{ type: "image_generation" }] });
const drawn = response.output.filter((item) => item.type === "image_generation_call");
tell("responses", { content: response.output_text, images: drawn.map((item) => sha256(item.result)) });

const drafts = "gemini/emulator-drafts";
const partial = [];
for await (const event of await client.images.generate({ model: drafts, prompt: "A banana", stream: true, partial_images: 1 })) {
  partial.push([event.type, sha256(event.b64_json)]);
}
tell("generate stream", { events: partial });

const tools = [{ type: "image_generation", partial_images: 1 }];
const streamed = client.responses.stream({ model: drafts, input: "A banana", tools });
const shown = [];
streamed.on("response.image_generation_call.partial_image", (event) => shown.push(sha256(event.partial_image_b64)));
const ended = await streamed.finalResponse();
const whole = ended.output.filter((item) => item.type === "image_generation_call").map((item) => sha256(item.result));
tell("responses stream", { content: ended.output_text, partial: shown, images: whole });

const failed = await client.chat.completions
  .create({ model: "gemini/gemini-2.5-flash-image-preview--reset", messages: ask })
  .catch((error) => error);
tell("error", { status: failed.status, code: failed.code, is: failed instanceof OpenAI.InternalServerError });

const wrong = await client.images.generate({ model, prompt: "A banana", size: "7x1" }).catch((error) => error);
tell("wrong field", { param: wrong.param, is: wrong instanceof OpenAI.BadRequestError });

const cut = "gemini/gemini-2.5-flash-image-preview--cut";
tell("charged", await calls(() => client.chat.completions.create({ model: cut, messages: ask })));
tell("charged image", await calls(() => client.images.generate({ model: cut, prompt: "A banana" })));
tell("charged stream", await calls(() => client.chat.completions.stream({ model: cut, messages: ask }).done()));

function entry(given) {
  return sha256(given.image_url.url);
}
