/** What only a real connection shows: the memory that streams take, and a server that comes back. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ConnectRouter } from "@connectrpc/connect";
import { Client, Unavailable } from "../src/index.js";
import * as v1 from "../src/v1.js";
import { numbered } from "./fake.js";
import { serve } from "./server.js";

const MB = 2 ** 20;
const SIZE = 20 * MB;
const FRAME = 256 * 1024;

/** Answers with a picture of 20 MB. */
function drawing(router: ConnectRouter): void {
  router.service(v1.ChatService, {
    async *streamCompletion() {
      const hash = createHash("sha256");
      const data = new Uint8Array(FRAME);
      const [started, begun, ...others] = numbered([
        { case: "started", value: { completionId: "cmpl-1", model: "fake" } },
        { case: "partStarted", value: { kind: v1.PartKind.IMAGE } },
        { case: "partFinished", value: {} },
        { case: "candidateFinished", value: { finishReason: v1.FinishReason.STOP, nativeFinishReason: "STOP" } },
        { case: "finished", value: {} },
      ]);
      yield* [started, begun].flatMap((each) => each ?? []);
      for (let at = 0; at < SIZE; at += FRAME) {
        hash.update(data);
        yield { sequence: 2n, event: { case: "imageChunk" as const, value: { offset: BigInt(at), data } } };
      }
      const image = { mimeType: "image/png", sizeBytes: BigInt(SIZE), sha256: Uint8Array.from(hash.digest()) };
      const value = { content: { case: "image" as const, value: image } };
      yield { sequence: 3n, event: { case: "partFinished" as const, value } };
      yield* others.slice(1);
    },
  });
}

await test("sixteen streams of 20 MB at once need less than 64 MB", async () => {
  const server = await serve(drawing);
  try {
    const program = fileURLToPath(new URL("memory.js", import.meta.url));
    const command = ["--expose-gc", "--max-old-space-size=48", program, String(server.port)];
    const { stdout } = await promisify(execFile)(process.execPath, command);
    const { sizes, before, most } = JSON.parse(stdout) as { sizes: number[]; before: number; most: number };
    assert.deepEqual(sizes, new Array(16).fill(SIZE));
    assert.ok(most > before && most - before < 64 * MB, stdout);
  } finally {
    await server.stop();
  }
});

await test("a client is connected again within two seconds of a server's return", async () => {
  const answers = (router: ConnectRouter) => {
    router.service(v1.ModelService, { listModels: () => ({}) });
  };
  const first = await serve(answers);
  const client = new Client(`127.0.0.1:${first.port}`);
  const hasty = new Client(`127.0.0.1:${first.port}`, { retries: 0 });
  await client.listModels();
  await hasty.listModels();
  await first.stop();
  await assert.rejects(hasty.listModels(), Unavailable);
  const waiting = client.listModels();
  const second = await serve(answers, first.port);
  const began = performance.now();
  try {
    await waiting;
    await hasty.listModels();
    assert.ok(performance.now() - began < 2000);
  } finally {
    client.close();
    hasty.close();
    await second.stop();
  }
});
