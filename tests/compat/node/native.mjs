// Google's SDK for Node: makes the calls of a table, and prints what each answer says, a line of JSON for each.
import { createInterface } from "node:readline";
import { GoogleGenAI } from "@google/genai";

const ai = new GoogleGenAI({
  apiKey: process.env.KEY,
  ...(process.env.VERTEX ? { vertexai: true } : {}),
  httpOptions: { baseUrl: process.env.BASE_URL, retryOptions: { attempts: 1 } },
});

async function ask({ model, contents, config, stream }) {
  const answers = [];
  try {
    if (stream) {
      for await (const chunk of await ai.models.generateContentStream({ model, contents, config })) answers.push(chunk);
    } else {
      answers.push(await ai.models.generateContent({ model, contents, config }));
    }
  } catch (error) {
    const told = JSON.parse(error.message.slice(error.message.indexOf("{"))).error;
    return { answers, error: error.constructor.name, code: error.status, status: told.status };
  }
  return { answers };
}

for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line);
  console.log(JSON.stringify({ name: call.name, ...(await ask(call)) }));
}
