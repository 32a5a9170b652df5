// @openrouter/ai-sdk-provider, unmodified: pictures come as files, unary and streamed.
import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import { generateText, streamText } from "ai";
import { baseURL, calls, model, sha256, tell } from "./told.mjs";

const openrouter = createOpenRouter({ baseURL, apiKey: "any" });

await seen("text", "stream", model);
await seen("two", "two streamed", "gemini/emulator-two-images");
await seen("withheld", "withheld streamed", "gemini/emulator-image-safety");

const counted = streamText({ model: openrouter(model, { usage: { include: true } }), prompt: "A banana" });
await counted.text;
tell("usage", { output: (await counted.usage).outputTokens ?? null });

// What the provider knows beside the text; in it the picture's shape.
const extraBody = { modalities: ["image", "text"], image_config: { aspect_ratio: "16:9" } };
const wide = await generateText({ model: openrouter(model, { extraBody }), prompt: "A banana" });
tell("shape", { images: wide.files.length });

const cut = "gemini/gemini-3-pro-image-preview--";
tell("charged stream", await calls(() => files(streamText({ model: openrouter(`${cut}bad-base64`), prompt: "A", onError }))));
tell("charged", await calls(() => generateText({ model: openrouter(`${cut}no-candidates`), prompt: "A", maxRetries: 1 })));

async function seen(name, streamed, model) {
  const answer = await generateText({ model: openrouter(model), prompt: "A banana" });
  const images = answer.files.map((file) => sha256(Buffer.from(file.uint8Array)));
  tell(name, { content: answer.text, images, finish: answer.finishReason, output: answer.usage.outputTokens });
  const stream = streamText({ model: openrouter(model), prompt: "A banana", onError });
  tell(streamed, { images: await files(stream), content: await stream.text, finish: await stream.finishReason });
}

async function files(stream) {
  const found = [];
  for await (const part of stream.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "file") found.push(sha256(Buffer.from(part.file.uint8Array)));
  }
  return found;
}

function onError() {} // it would print what files() throws
