/** How calls end: in time, by their reader, and with the first candidate alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport, type Transport } from "@connectrpc/connect";
import { Client } from "../src/client.js";
import { DeadlineExceeded, NoPicture } from "../src/index.js";
import * as v1 from "../src/v1.js";
import { broken, type Chat, client, events, numbered, streaming } from "./fake.js";

const LATE: Record<string, ConnectError> = {
  "a reset of its stream": new ConnectError("http/2 stream closed with error code CANCEL (0x8)", Code.Canceled),
  "a stream that breaks": broken(),
  "the status CANCELLED": new ConnectError("context canceled", Code.Canceled, { "grpc-status": "1" }),
  "the status UNAVAILABLE": new ConnectError("stopping", Code.Unavailable, { "grpc-status": "14" }),
};

for (const [name, ending] of Object.entries(LATE)) {
  await test(`a deadline that has passed is DeadlineExceeded, though the server ends it with ${name}`, async () => {
    const late = async () => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      throw ending;
    };
    const inner = createRouterTransport(({ service }) => {
      service(v1.ChatService, {
        createCompletion: late,
        async *streamCompletion() {
          yield* numbered(events()).slice(0, 2);
          await late();
        },
      });
      service(v1.ModelService, { listModels: late });
    });
    // The server's word comes before the timer of this side.
    const transport: Transport = {
      unary: (method, signal, _, ...rest) => inner.unary(method, signal, undefined, ...rest),
      stream: (method, signal, _, ...rest) => inner.stream(method, signal, undefined, ...rest),
    };
    const made = new Client("fake:1", transport, { timeoutMs: 20 });
    for (const [call, charged] of [
      [() => made.draw("A banana"), true],
      [() => made.createCompletion({ model: "m" }), true],
      [() => made.listModels(), false],
    ] as const) {
      const error = await call().catch((reason: unknown) => reason);
      assert.ok(error instanceof DeadlineExceeded, String(error));
      assert.deepEqual([error.code, error.charged, error.retryable], ["DEADLINE_EXCEEDED", charged, false]);
    }
  });
}

for (const [name, open] of Object.entries({
  stream: (made: Client): AsyncGenerator => made.stream("A banana")[Symbol.asyncIterator](),
  streamCompletion: (made: Client): AsyncGenerator => made.streamCompletion({ model: "m" }),
})) {
  await test(`to return from an iterator of ${name} ends the call, though its next event is awaited`, async () => {
    let cancelled: () => void;
    const seen = new Promise<void>((resolve) => (cancelled = resolve));
    const chat: Chat = {
      async *streamCompletion(_, { signal }) {
        yield* numbered(events()).slice(0, 1);
        await new Promise((resolve) => {
          signal.addEventListener("abort", resolve);
        });
        cancelled();
      },
    };
    const iterator = open(client({ chat }));
    assert.equal((await iterator.next()).done, false);
    const awaited = iterator.next();
    await new Promise(setImmediate);
    const over = { done: true, value: undefined };
    assert.deepEqual(await Promise.all([iterator.return(undefined), awaited, seen]), [over, over, undefined]);
    assert.deepEqual(await iterator.next(), over);
  });
}

await test("the answer is the first candidate; another one's picture is in the message alone", async () => {
  const other = events((given) =>
    given.map((event): (typeof given)[number] =>
      event && event.case !== "started" && event.case !== "finished"
        ? ({ ...event, value: { ...event.value, candidateIndex: 1 } } as typeof event)
        : event,
    ),
  );
  const made = client({ chat: { streamCompletion: streaming(numbered(other)) } });
  const answer = await made.stream("A banana").answer();
  assert.deepEqual([answer.image, answer.parts, answer.finishReason], [undefined, [], "UNSPECIFIED"]);
  assert.equal(answer.message.candidates[0]?.message?.image?.sizeBytes, 1000n);
  for (const read of [
    () => made.draw("A banana"),
    async () => {
      for await (const piece of made.stream("A banana").picture()) {
        assert.fail(`${piece.length} bytes`);
      }
    },
  ]) {
    const error = await (read() as Promise<unknown>).catch((reason: unknown) => reason);
    assert.ok(error instanceof NoPicture, String(error));
    assert.deepEqual([error.code, error.reason, error.charged], ["NO_PICTURE", "", true]);
    assert.match(error.message, /^the picture is not of the first candidate: Answer.message has it/);
  }
});

await test("a picture that is elsewhere has no bytes to stream, and the error is one of answers without them", async () => {
  const elsewhere = events((given) =>
    given.flatMap((event): typeof given => {
      if (event?.case !== "partFinished") {
        return event?.case === "imageChunk" ? [] : [event];
      }
      const source = { case: "uri" as const, value: "gs://b/1.png" };
      const image = create(v1.ImageSchema, { mimeType: "image/png", source });
      return [{ case: "partFinished", value: { ...event.value, content: { case: "image", value: image } } }];
    }),
  );
  const stream = client({ chat: { streamCompletion: streaming(numbered(elsewhere)) } }).stream("A banana");
  const error = await stream
    .picture()
    .getReader()
    .read()
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof NoPicture, String(error));
  assert.deepEqual([error.code, error.requestId], ["NO_PICTURE", stream.requestId]);
  assert.match(error.message, /not sent: it is at gs:\/\/b\/1\.png/);
});

await test("what was written as the picture and turns out to be a draft is no picture, and the call ends", async () => {
  let cancelled: () => void;
  const seen = new Promise<void>((resolve) => (cancelled = resolve));
  const draft = events((given) =>
    given.map((event): (typeof given)[number] =>
      event?.case === "partFinished" ? { ...event, value: { ...event.value, thought: true } } : event,
    ),
  );
  const chat: Chat = {
    async *streamCompletion(_, { signal }) {
      const ended = new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      yield* numbered(draft).slice(0, -2);
      await ended;
      cancelled();
    },
  };
  const stream = client({ chat }).stream("A banana");
  let size = 0;
  const error = await (async () => {
    for await (const piece of stream.picture()) {
      size += piece.length;
    }
  })().catch((reason: unknown) => reason);
  assert.ok(error instanceof NoPicture, String(error));
  assert.deepEqual([error.code, error.reason, error.charged, size], ["NO_PICTURE", "DRAFT", true, 1000]);
  assert.equal(error.requestId, stream.requestId);
  assert.match(error.message, /a draft .* getCompletion\({ completionId: "cmpl-1" }\)/);
  await seen;
});
