// The Vercel AI SDK, unmodified: generateImage and chat, through its openai and openai-compatible providers.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import * as ai from "ai";
import { baseURL, model, sha256, tell } from "./told.mjs";

const generateImage = ai.generateImage ?? ai.experimental_generateImage;
const openai = createOpenAI({ baseURL, apiKey: "any" });
const compatible = createOpenAICompatible({ name: "imagewire", baseURL, apiKey: "any" });

const one = await generateImage({ model: openai.image(model), prompt: "A banana", size: "1024x1024" });
tell("openai image", { images: one.images.map((image) => sha256(Buffer.from(image.uint8Array))) });

const two = await generateImage({ model: compatible.imageModel(model), prompt: "A banana" });
tell("compatible image", { images: two.images.map((image) => sha256(Buffer.from(image.uint8Array))) });

const chat = await ai.generateText({ model: openai.chat(model), prompt: "A banana" });
tell("openai chat", { content: chat.text, finish: chat.finishReason });

const streamed = ai.streamText({ model: compatible(model), prompt: "A banana" });
tell("compatible stream", { content: await streamed.text, finish: await streamed.finishReason });

const response = await ai.generateText({
  model: openai.responses(model),
  prompt: "A banana",
  tools: { image_generation: openai.tools.imageGeneration() },
});
const results = response.staticToolResults.filter((result) => result.toolName === "image_generation");
tell("openai responses", { content: response.text, images: results.map((result) => sha256(result.output.result)) });
