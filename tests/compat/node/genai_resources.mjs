// Google's SDK for Node against the emulator: what it serves beside generateContent.
import { GoogleGenAI } from "@google/genai";

const ai = new GoogleGenAI({ apiKey: "emulator-key", httpOptions: { baseUrl: "http://127.0.0.1:8787" } });
const model = "gemini-3.1-flash-lite-image";

async function names(pager) {
  const found = [];
  for await (const one of await pager) found.push(one.name);
  return found;
}

const listed = await names(ai.models.list());
console.log("models", listed.includes(`models/${model}`), (await ai.models.get({ model })).name);

const { totalTokens } = await ai.models.countTokens({ model, contents: "A banana" });
console.log("tokens", totalTokens);

const blob = new Blob(["A banana"], { type: "text/plain" });
const file = await ai.files.upload({ file: blob, config: { mimeType: "text/plain" } });
console.log("file", file.state, (await names(ai.files.list())).includes(file.name));
await ai.files.delete({ name: file.name });

const cache = await ai.caches.create({ model, config: { contents: "A banana in a costume. ".repeat(200) } });
const cached = await ai.models.generateContent({ model, contents: "Draw it", config: { cachedContent: cache.name } });
console.log("cache", cached.usageMetadata.cachedContentTokenCount);
await ai.caches.delete({ name: cache.name });

const chat = ai.chats.create({ model });
await chat.sendMessage({ message: "A banana" });
const edited = await chat.sendMessage({ message: "Make it blue" });
console.log("chat", chat.getHistory().length, edited.candidates[0].finishReason);

const job = await ai.batches.create({ model, src: [{ contents: "A banana" }] });
const done = await ai.batches.get({ name: job.name });
const parts = done.dest.inlinedResponses[0].response.candidates[0].content.parts;
console.log("batch", done.state, parts.at(-1).inlineData.mimeType);
await ai.batches.delete({ name: job.name });

try {
  await ai.models.embedContent({ model: "gemini-embedding-001", contents: "x" });
} catch (error) {
  console.log("embeddings", error.status, error.message.includes("does not serve embeddings"));
}
