/** A connection that breaks: the answer is resumed behind the last byte, and nothing is drawn twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { Client } from "../src/client.js";
import { AnswerTooLarge, CorruptAnswer, KeepOff, NotSupported, RateLimited, Unavailable } from "../src/index.js";
import * as v1 from "../src/v1.js";
import { broken, type Chat, client, events, numbered, PICTURE, refused } from "./fake.js";

/** Answers whose streams break after some messages, and how they were asked for. */
function cutting(cuts: number[]) {
  const asked: (v1.StreamCompletionRequest | v1.ResumeCompletionRequest)[] = [];
  const whole = numbered(events());
  function rest(after: number, offset: number): v1.StreamCompletionResponse[] {
    return whole.filter(({ sequence, event }) =>
      event.case === "imageChunk"
        ? Number(sequence) > after || (Number(sequence) === after && Number(event.value.offset) >= offset)
        : Number(sequence) > after,
    );
  }
  function* cut(messages: v1.StreamCompletionResponse[]) {
    const most = cuts.shift();
    yield* messages.slice(0, most);
    if (most !== undefined) {
      throw broken();
    }
  }
  const chat: Chat = {
    async *streamCompletion(request: v1.StreamCompletionRequest) {
      asked.push(request);
      yield* cut(whole);
    },
    async *resumeCompletion(request: v1.ResumeCompletionRequest) {
      asked.push(request);
      for (const event of cut(rest(Number(request.afterSequence), Number(request.offset)))) {
        yield create(v1.ResumeCompletionResponseSchema, { event });
      }
    },
  };
  return { asked, chat };
}

for (const [most, after, offset] of [
  [1, 1, 0],
  [2, 2, 0],
  [4, 2, 500],
  [7, 3, 0],
  [8, 4, 0],
] as const) {
  await test(`a stream that breaks after ${most} messages is resumed behind event ${after}, byte ${offset}`, async () => {
    const { asked, chat } = cutting([most]);
    const picture = await client({ chat }).draw("A banana");
    assert.deepEqual(picture.data, PICTURE);
    const [first, second] = asked as [v1.StreamCompletionRequest, v1.ResumeCompletionRequest];
    assert.deepEqual(second.id, { case: "requestId", value: first.requestId });
    assert.deepEqual([second.afterSequence, second.offset], [BigInt(after), BigInt(offset)]);
    assert.equal(asked.length, 2);
  });
}

await test("a stream that breaks again and again is resumed while it brings something new", async () => {
  const { asked, chat } = cutting([3, 1, 1, 2]);
  const pieces: Uint8Array[] = [];
  for await (const piece of client({ chat }).stream("A banana").picture()) {
    pieces.push(piece);
  }
  assert.deepEqual(Buffer.concat(pieces), Buffer.from(PICTURE));
  assert.equal(asked.length, 5);
});

await test("one that breaks behind its last event is whole", async () => {
  const { asked, chat } = cutting([9]);
  assert.deepEqual((await client({ chat }).draw("A banana")).data, PICTURE);
  assert.equal(asked.length, 1);
});

await test("a request whose connection breaks before the answer is sent again under its id", async () => {
  const { asked, chat } = cutting([0]);
  await client({ chat }).draw("A banana");
  const [first, second] = asked as [v1.StreamCompletionRequest, v1.StreamCompletionRequest];
  assert.match(first.requestId, /^[0-9a-f-]{36}$/);
  assert.equal(second.requestId, first.requestId);
});

await test("an answer that is not kept is not asked for again", async () => {
  const chat: Chat = {
    async *streamCompletion() {
      const [started] = numbered(events());
      assert.ok(started?.event.case === "started");
      started.event.value.expireTime = undefined;
      yield started;
      throw broken();
    },
  };
  const error = await client({ chat })
    .draw("A banana")
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof Unavailable);
  assert.deepEqual([error.charged, error.retryable], [true, false]);
  assert.match(error.message, /may have been drawn and charged/);
});

await test("a server that keeps nothing is asked without a request id, from then on", async () => {
  const ids: string[] = [];
  const chat: Chat = {
    async *streamCompletion({ requestId }) {
      ids.push(requestId);
      if (requestId) {
        throw refused(Code.FailedPrecondition, "KEEP_OFF");
      }
      yield* numbered(events());
    },
  };
  const one = client({ chat });
  await one.draw("A banana");
  await one.draw("A banana");
  assert.deepEqual([ids.length, ids[1], ids[2]], [3, "", ""]);
  const own = "5a3c4e7c-0f25-4a39-9d7e-3f1d8f1f2a10";
  await assert.rejects(one.draw("A banana", { requestId: own }), KeepOff);
});

await test("a request that may have been drawn is not sent without its id", async () => {
  let calls = 0;
  const chat: Chat = {
    async *streamCompletion() {
      calls += 1;
      throw calls === 1 ? broken() : refused(Code.FailedPrecondition, "KEEP_OFF");
    },
  };
  await assert.rejects(client({ chat }).draw("A banana"), Unavailable);
  assert.equal(calls, 2);
});

await test("what the server says is uncharged is repeated, and nothing else", async () => {
  let calls = 0;
  const failing = (error: () => ConnectError, most = Infinity): Chat => ({
    async *streamCompletion() {
      calls += 1;
      if (calls <= most) {
        throw error();
      }
      yield* numbered(events());
    },
  });
  await client({ chat: failing(() => refused(Code.Unavailable, "UPSTREAM_UNAVAILABLE"), 2) }).draw("A banana");
  assert.equal(calls, 3);
  const pushback = { "grpc-retry-pushback-ms": "-1" };
  const charged = () => refused(Code.ResourceExhausted, "UPSTREAM_RATE_LIMITED", {}, pushback);
  calls = 0;
  const error = await client({ chat: failing(charged) })
    .draw("A banana")
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof RateLimited && error.charged && !error.retryable);
  assert.equal(calls, 1);
  calls = 0;
  const quota = () => refused(Code.ResourceExhausted, "UPSTREAM_QUOTA_EXHAUSTED");
  await assert.rejects(client({ chat: failing(quota) }).draw("A banana"), RateLimited);
  assert.equal(calls, 1);
  calls = 0;
  const budget = () => refused(Code.ResourceExhausted, "BUDGET_EXHAUSTED");
  await assert.rejects(client({ chat: failing(budget) }).draw("A banana"), RateLimited);
  assert.equal(calls, 1);
  calls = 0;
  const soon = () => refused(Code.ResourceExhausted, "BUDGET_EXHAUSTED", {}, { "grpc-retry-pushback-ms": "1" });
  await client({ chat: failing(soon, 1) }).draw("A banana");
  assert.equal(calls, 2);
  calls = 0;
  const small = () => refused(Code.FailedPrecondition, "BUDGET_TOO_SMALL");
  await assert.rejects(client({ chat: failing(small) }).draw("A banana"), NotSupported);
  assert.equal(calls, 1);
});

await test("a download is resumed behind its last byte, and checked", async () => {
  const offsets: bigint[] = [];
  const sums = { sound: PICTURE, damaged: PICTURE.slice().fill(1, 999) };
  const downloadImage = (sent: Uint8Array) =>
    async function* (request: v1.DownloadImageRequest) {
      const at = Number(request.offset);
      offsets.push(request.offset);
      const found = events().find((event) => event?.case === "partFinished")?.value as v1.PartFinished;
      yield { event: { case: "image" as const, value: found.content.value as v1.Image } };
      yield { event: { case: "chunk" as const, value: { offset: BigInt(at), data: sent.subarray(at, at + 600) } } };
      if (at + 600 < 1000) {
        throw broken();
      }
    };
  const picture = await client({ images: { downloadImage: downloadImage(sums.sound) } }).download("img-1");
  assert.deepEqual(picture.data, PICTURE);
  assert.deepEqual(offsets, [0n, 600n]);
  await assert.rejects(
    client({ images: { downloadImage: downloadImage(sums.damaged) } }).download("img-1"),
    CorruptAnswer,
  );
});

await test("a host that cannot be reached any more has the request already, and is not sent it again without an id", async () => {
  let calls = 0;
  const fail = () => {
    calls += 1;
    const cause = Object.assign(new Error("read EHOSTUNREACH"), { code: "EHOSTUNREACH", syscall: "read" });
    const lost = new ConnectError(cause.message, Code.Internal, undefined, undefined, cause);
    return Promise.reject(calls === 1 ? refused(Code.FailedPrecondition, "KEEP_OFF") : lost);
  };
  const transport: Transport = { unary: fail, stream: fail };
  const error = await new Client("fake:1", transport).draw("A banana").catch((reason: unknown) => reason);
  assert.ok(error instanceof Unavailable && error.charged && !error.retryable, String(error));
  assert.equal(calls, 2);
});

await test("an answer that proves too large after the connection broke says how to get it", async () => {
  let calls = 0;
  const ids = new Set<string>();
  const chat: Chat = {
    createCompletion({ requestId }) {
      calls += 1;
      ids.add(requestId);
      throw calls === 1
        ? broken()
        : new ConnectError("message size 9 is larger than configured readMaxBytes 5", Code.ResourceExhausted);
    },
  };
  const error = await client({ chat })
    .createCompletion({ model: "m" })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof AnswerTooLarge && error.charged, String(error));
  assert.ok(error.message.includes(`getCompletion({ requestId: "${[...ids].join()}" }) gets it at no cost`));
});
