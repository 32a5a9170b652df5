import { GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({
  apiKey: "emulator-key",
  httpOptions: { baseUrl: "http://127.0.0.1:8787", headers: { "x-emulate": "two-images" } },
});
const answer = await client.models.generateContent({ model: "gemini-3.1-flash-image", contents: "A banana" });
for (const part of answer.candidates?.[0]?.content?.parts ?? []) {
  if (part.inlineData?.data) {
    console.log(part.inlineData.mimeType, Buffer.from(part.inlineData.data, "base64").length);
  }
}
