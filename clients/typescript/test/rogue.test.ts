/** Servers that break their word: what is charged is said, what is refused is not asked again, and time is kept. */
import assert from "node:assert/strict";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { Client, CompletionNotFound, CorruptAnswer, DeadlineExceeded, type ImagewireError } from "../src/index.js";
import { Unavailable } from "../src/index.js";
import * as v1 from "../src/v1.js";
import { broken, type Chat, client, events, numbered, PICTURE, refused, streaming } from "./fake.js";

const CUT = streaming(numbered(events()).slice(0, 4), broken());

async function thrown(call: Promise<unknown>): Promise<ImagewireError> {
  return call.then(() => assert.fail("no error")).catch((error: unknown) => error as ImagewireError);
}

/** Ends when the call does. */
async function ended(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve);
  });
}

async function port(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

await test("an answer that was cut and is gone may have been charged", async () => {
  for (const [error, Kind] of [
    [refused(Code.NotFound, "COMPLETION_NOT_FOUND"), CompletionNotFound],
    [refused(Code.Unavailable, "OVERLOADED"), Unavailable],
  ] as const) {
    const resumeCompletion: Chat["resumeCompletion"] = async function* () {
      throw error;
    };
    const failed = await thrown(client({ chat: { streamCompletion: CUT, resumeCompletion } }).draw("x"));
    assert.ok(failed instanceof Kind, String(failed));
    assert.deepEqual([failed.charged, failed.retryable], [true, false]);
  }
});

await test("a deadline that passes while a cut answer is resumed is DeadlineExceeded", async () => {
  const resumeCompletion: Chat["resumeCompletion"] = async function* (_, { signal }) {
    await ended(signal);
    yield {};
  };
  const made = client({ chat: { streamCompletion: CUT, resumeCompletion } }, { timeoutMs: 1500 });
  const failed = await thrown(made.draw("x"));
  assert.ok(failed instanceof DeadlineExceeded, String(failed));
  assert.equal(failed.charged, true);
});

await test("a server that does not end its stream behind the last event takes nothing away", async () => {
  const streamCompletion: Chat["streamCompletion"] = async function* (_, { signal }) {
    yield* numbered(events());
    await ended(signal);
  };
  const picture = await client({ chat: { streamCompletion } }, { timeoutMs: 300 }).draw("x");
  assert.deepEqual(picture.data, PICTURE);
});

for (const [pushback, retryable, retryAfterMs] of [
  ["3600000", true, 3_600_000],
  ["99999999999999999999", false, undefined],
  ["abc", false, undefined],
  ["-7", false, undefined],
] as const) {
  await test(`a call is not repeated against the server's word, ${pushback} ms`, async () => {
    let calls = 0;
    const streamCompletion: Chat["streamCompletion"] = () => {
      calls += 1;
      throw refused(Code.Unavailable, "OVERLOADED", {}, { "grpc-retry-pushback-ms": pushback });
    };
    const failed = await thrown(client({ chat: { streamCompletion } }).draw("x"));
    assert.deepEqual([calls, failed.retryable, failed.retryAfterMs], [1, retryable, retryAfterMs]);
  });
}

await test("a reason to end that this client does not know is unspecified", async () => {
  const end = (given: ReturnType<typeof numbered>) =>
    given.map((event) => {
      if (event.event.case === "candidateFinished") {
        Object.assign(event.event.value, { finishReason: 99 });
      }
      return event;
    });
  const made = client({ chat: { streamCompletion: streaming(end(numbered(events()))) } });
  assert.equal((await made.stream("x").answer()).finishReason, "UNSPECIFIED");
});

await test("an upload that is answered with another picture is damaged", async () => {
  const sha256 = new Uint8Array(32);
  for (const image of [undefined, { imageId: "img-1", sha256 }, { sizeBytes: 8n }]) {
    const uploadImage = async (requests: AsyncIterable<v1.UploadImageRequest>) => {
      for await (const request of requests) {
        assert.ok(request.event.case);
      }
      return image ? { image: { ...image, source: { case: "imageId" as const, value: "img-1" } } } : {};
    };
    const data = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 1, 2, 3);
    const failed = await thrown(client({ images: { uploadImage } }).upload(data));
    assert.ok(failed instanceof CorruptAnswer, String(failed));
  }
});

await test("an error whose details cannot be read is not taken for a connection that broke", async () => {
  let calls = 0;
  const server = createHttp2Server((_, response) => {
    calls += 1;
    response.writeHead(200, {
      "content-type": "application/grpc",
      "grpc-status": "5",
      "grpc-status-details-bin": "////",
    });
    response.end();
  });
  const made = new Client(`127.0.0.1:${await port(server)}`);
  const failed = await thrown(made.draw("x"));
  made.close();
  server.close();
  assert.ok(failed instanceof CorruptAnswer, String(failed));
  assert.equal(calls, 1);
});

await test("a server that hangs up before a word was sent nothing", async () => {
  const server = createServer((socket) => {
    socket.once("data", () => {
      socket.destroy();
    });
    socket.on("error", () => undefined);
  });
  const made = new Client(`127.0.0.1:${await port(server)}`, { retries: 0 });
  const failed = await thrown(made.draw("x"));
  made.close();
  server.close();
  assert.ok(failed instanceof Unavailable, String(failed));
  assert.deepEqual([failed.charged, failed.retryable], [false, true]);
  assert.match(failed.message, /it may want TLS .*, or a certificate of yours/);
});
