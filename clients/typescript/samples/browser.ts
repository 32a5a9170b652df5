import { createConnectTransport } from "@connectrpc/connect-web";
import { Client } from "imagewire/browser";

/** For a page. baseUrl: of the server's REST port. Returns an address for an <img>. */
export async function draw(baseUrl: string, prompt: string, apiKey?: string): Promise<string> {
  const transport = createConnectTransport({ baseUrl, useBinaryFormat: true });
  const client = new Client({ transport, apiKey });
  const { data, mimeType } = await client.draw(prompt);
  return URL.createObjectURL(new Blob([data as BlobPart], { type: mimeType }));
}
