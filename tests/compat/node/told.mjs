// What the scripts share: where the server is, what is asked, and one line of JSON for each thing seen.
import { createHash } from "node:crypto";

export const baseURL = process.env.BASE_URL;
export const model = "gemini/gemini-2.5-flash-image";
export const ask = [{ role: "user", content: "Generate an image of a banana" }];

export function sha256(picture) {
  const bytes = typeof picture === "string" ? Buffer.from(picture.slice(picture.lastIndexOf(",") + 1), "base64") : picture;
  return createHash("sha256").update(bytes).digest("hex");
}

export function tell(name, seen) {
  console.log(JSON.stringify({ name, ...seen }));
}

// How often the provider behind the server was asked while something ran.
export async function calls(running) {
  const before = await asked();
  const outcome = await running().then(
    () => null,
    (error) => error,
  );
  return { calls: (await asked()) - before, message: outcome?.message ?? null };
}

async function asked() {
  return (await (await fetch(`${process.env.EMULATOR}/_emulator/requests`)).json()).length;
}
