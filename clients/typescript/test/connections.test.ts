/** What only a real connection shows: the memory that streams take, and a server that comes back. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ConnectRouter } from "@connectrpc/connect";
import { Cancelled, Client, Unavailable } from "../src/index.js";
import * as v1 from "../src/v1.js";
import { events, numbered } from "./fake.js";
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

/** How many calls run at once. */
const CALLS = 64;

await test("many calls of one client at once, with one signal for all, are no leak that Node warns of", async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(`${warning.name}: ${warning.message}`);
  process.on("warning", onWarning);
  let waiting = 0;
  let all: () => void;
  const arrived = new Promise<void>((resolve) => (all = resolve));
  const server = await serve((router) => {
    router.service(v1.ChatService, {
      async *streamCompletion() {
        waiting += 1;
        if (waiting === CALLS) {
          all();
        }
        await arrived;
        yield* numbered(events());
      },
    });
  });
  const client = new Client(`127.0.0.1:${server.port}`);
  try {
    const { signal } = new AbortController();
    const drawn = Array.from({ length: CALLS }, (_, at) => client.draw(`A banana ${at}`, { signal }));
    assert.equal((await Promise.all(drawn)).length, CALLS);
    await new Promise(setImmediate); // Node warns in a task of its own
    assert.deepEqual(warnings, []);
  } finally {
    process.off("warning", onWarning);
    client.close();
    await server.stop();
  }
});

for (const ending of ["client", "signal"] as const) {
  await test(`to end the ${ending} that many calls share cancels each of them`, async () => {
    const server = await serve((router) => {
      router.service(v1.ChatService, {
        async *streamCompletion(_, { signal }) {
          yield* numbered(events()).slice(0, 2);
          await new Promise((resolve) => {
            signal.addEventListener("abort", resolve);
          });
        },
      });
    });
    const client = new Client(`127.0.0.1:${server.port}`);
    const controller = new AbortController();
    try {
      const streams = Array.from({ length: CALLS }, () =>
        client.stream("A banana", { signal: controller.signal })[Symbol.asyncIterator](),
      );
      await Promise.all(streams.map((stream) => stream.next()));
      const ends = Promise.allSettled(streams.map((stream) => stream.next()));
      if (ending === "client") {
        client.close();
      } else {
        controller.abort();
      }
      for (const end of await ends) {
        assert.ok(end.status === "rejected" && end.reason instanceof Cancelled, JSON.stringify(end));
      }
    } finally {
      client.close();
      await server.stop();
    }
  });
}
