// The Vercel AI SDK, unmodified: generateImage and chat, through its openai and openai-compatible providers.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import * as ai from "ai";
import { baseURL, calls, model, sha256, tell } from "./told.mjs";

const generateImage = ai.generateImage ?? ai.experimental_generateImage;
const { streamText } = ai;
const openai = createOpenAI({ baseURL, apiKey: "any" });
const compatible = createOpenAICompatible({ name: "imagewire", baseURL, apiKey: "any" });

const one = await generateImage({ model: openai.image(model), prompt: "A banana", size: "1024x1024" });
tell("openai image", { images: one.images.map((image) => sha256(Buffer.from(image.uint8Array))) });

const more = await generateImage({ model: openai.image("gemini/emulator-two-images"), prompt: "A banana" });
tell("two images", { images: more.images.map((image) => sha256(Buffer.from(image.uint8Array))) });

const edit = await generateImage({ model: openai.image(model), prompt: { text: "Blue", images: [one.image.uint8Array] } });
tell("edit", { images: edit.images.map((image) => sha256(Buffer.from(image.uint8Array))) });

const two = await generateImage({ model: compatible.imageModel(model), prompt: "A banana" });
tell("compatible image", { images: two.images.map((image) => sha256(Buffer.from(image.uint8Array))) });

const chat = await ai.generateText({ model: openai.chat(model), prompt: "A banana" });
tell("openai chat", { content: chat.text, finish: chat.finishReason, output: chat.usage.outputTokens });

const streamed = streamText({ model: compatible(model), prompt: "A banana" });
tell("compatible stream", { content: await streamed.text, finish: await streamed.finishReason });

const response = await ai.generateText({
  model: openai.responses(model),
  prompt: "A banana",
  tools: { image_generation: openai.tools.imageGeneration() },
});
const results = response.staticToolResults.filter((result) => result.toolName === "image_generation");
tell("openai responses", { content: response.text, images: results.map((result) => sha256(result.output.result)) });

const drafts = streamText({
  model: openai.responses("gemini/emulator-drafts"),
  prompt: "A banana",
  tools: { image_generation: openai.tools.imageGeneration({ partialImages: 1 }) },
});
const shown = [];
for await (const part of drafts.fullStream) {
  if (part.type === "error") throw part.error;
  if (part.type === "tool-result") shown.push(sha256(part.output.result));
}
tell("openai responses stream", { content: await drafts.text, images: shown, finish: await drafts.finishReason });

const withheld = await calls(() => generateImage({ model: openai.image("gemini/emulator-image-safety"), prompt: "A" }));
tell("withheld", withheld);

for (const [name, made] of Object.entries({ openai: openai.chat, compatible, responses: openai.responses })) {
  const tools = name === "responses" ? { image_generation: openai.tools.imageGeneration() } : {};
  const model = made("gemini/gemini-3.1-flash-image-preview--bad-base64");
  tell(`cut ${name}`, await calls(() => told(streamText({ model, prompt: "A", tools, onError() {} }))));
}

const once = { prompt: "A", maxRetries: 1 };
const cut = (made, scenario) => made(`gemini/gemini-3.1-flash-image-preview--${scenario}`);
tell("charged", await calls(() => ai.generateText({ model: cut(compatible, "bad-type"), ...once })));
tell("charged image", await calls(() => generateImage({ model: cut(openai.image, "no-candidates"), ...once })));

// Throws what a stream tells of.
async function told(stream) {
  for await (const part of stream.fullStream) if (part.type === "error") throw part.error;
}
