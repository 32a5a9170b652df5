import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { Client } from "imagewire/browser";

/** For a page: through a proxy that translates gRPC-Web, such as Envoy. Returns an address for an <img>. */
export async function draw(baseUrl: string, prompt: string): Promise<string> {
  const client = new Client({ transport: createGrpcWebTransport({ baseUrl }) });
  const { data, mimeType } = await client.draw(prompt);
  return URL.createObjectURL(new Blob([data as BlobPart], { type: mimeType }));
}
