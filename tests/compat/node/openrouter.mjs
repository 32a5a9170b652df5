// @openrouter/ai-sdk-provider, unmodified: pictures come as files, unary and streamed.
import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import { generateText, streamText } from "ai";
import { baseURL, model, sha256, tell } from "./told.mjs";

const openrouter = createOpenRouter({ baseURL, apiKey: "any" });

const answer = await generateText({ model: openrouter(model), prompt: "A banana" });
tell("text", { content: answer.text, images: answer.files.map((file) => sha256(Buffer.from(file.uint8Array))) });

const stream = streamText({ model: openrouter(model), prompt: "A banana" });
const files = [];
for await (const part of stream.fullStream) {
  if (part.type === "error") throw part.error;
  if (part.type === "file") files.push(sha256(Buffer.from(part.file.uint8Array)));
}
tell("stream", { content: await stream.text, images: files });
