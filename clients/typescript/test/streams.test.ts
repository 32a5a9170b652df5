/** Reading, leaving and cancelling streams; unary answers; browsers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import * as browser from "../src/browser.js";
import {
  Blocked,
  Cancelled,
  CorruptAnswer,
  DeadlineExceeded,
  NoPicture,
  NotSupported,
  Unavailable,
} from "../src/index.js";
import { sha256Of } from "../src/platform.js";
import * as v1 from "../src/v1.js";
import { type Chat, client, events, numbered, PICTURE, refused, streaming } from "./fake.js";

/** A stream that never ends by itself; and what it saw. */
function endless() {
  let cancelled: () => void;
  const seen = new Promise<void>((resolve) => {
    cancelled = resolve;
  });
  const chat: Chat = {
    async *streamCompletion(_, { signal }) {
      const ended = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          cancelled();
          resolve();
        });
      });
      yield* numbered(events()).slice(0, 3);
      await ended;
    },
  };
  return { seen, made: client({ chat }) };
}

await test("the events tell of each step, and the last one of the answer", async () => {
  const made = client({ chat: { streamCompletion: streaming(numbered(events())) } });
  const types: string[] = [];
  for await (const event of made.stream("A banana")) {
    types.push(event.type);
    if (event.type === "finished") {
      const { id, image, finishReason, expires, parts } = event.answer;
      assert.deepEqual([id, finishReason, parts.length], ["cmpl-1", "STOP", 1]);
      assert.deepEqual(image?.data, PICTURE);
      assert.ok(expires && expires.getTime() > Date.now());
    }
  }
  assert.deepEqual(types, ["started", "data", "data", "data", "data", "part", "finished"]);
});

await test("to leave the loop cancels the call", async () => {
  const { seen, made } = endless();
  for await (const event of made.stream("A banana")) {
    if (event.type === "data") {
      break;
    }
  }
  await seen;
});

await test("to cancel the picture's stream cancels the call", async () => {
  const { seen, made } = endless();
  const reader = made.stream("A banana").picture().getReader();
  assert.equal((await reader.read()).value?.length, 250);
  await reader.cancel();
  await seen;
});

await test("to cancel it while a piece is awaited cancels the call at once", async () => {
  const { seen, made } = endless();
  const reader = made.stream("A banana").picture().getReader();
  assert.equal((await reader.read()).value?.length, 250);
  const awaited = reader.read();
  await new Promise(setImmediate); // the stream asks for the next piece in a task of its own
  await Promise.all([reader.cancel(), seen]);
  assert.equal((await awaited).done, true);
});

await test("an AbortSignal cancels the call, with its reason as the cause", async () => {
  const { seen, made } = endless();
  const controller = new AbortController();
  const reason = new Error("enough");
  const error = await (async () => {
    for await (const event of made.stream("A banana", { signal: controller.signal })) {
      if (event.type === "data") {
        controller.abort(reason);
      }
    }
  })().catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Cancelled, String(error));
  assert.deepEqual([error.code, error.cause, error.charged], ["CANCELLED", reason, true]);
  await seen;
  await assert.rejects(made.draw("A banana", { signal: AbortSignal.abort() }), Cancelled);
});

await test("to close the client cancels its calls", async () => {
  const { made } = endless();
  const drawing = made.draw("A banana");
  setImmediate(() => {
    made.close();
  });
  await assert.rejects(drawing, Cancelled);
  await assert.rejects(made.draw("A banana"), /the client is closed/);
});

await test("a call whose time is over says so", async () => {
  const error = await endless()
    .made.draw("A banana", { timeoutMs: 30 })
    .catch((thrown: unknown) => thrown);
  assert.ok(error instanceof DeadlineExceeded, String(error));
  assert.ok(error.charged && error.message.includes("allow more time with timeoutMs"));
});

await test("a stream is read once", async () => {
  const stream = client({ chat: { streamCompletion: streaming(numbered(events())) } }).stream("A banana");
  await stream.answer();
  await assert.rejects(stream.answer(), /was read already/);
});

await test("an answer without a picture says why", async () => {
  const ended = (value: MessageInitShape<typeof v1.CandidateFinishedSchema>) => {
    const [started] = events();
    const all = [started, { case: "candidateFinished", value } as const, { case: "finished", value: {} } as const];
    return client({ chat: { streamCompletion: streaming(numbered(all)) } });
  };
  const filtered = { finishReason: v1.FinishReason.CONTENT_FILTER, nativeFinishReason: "IMAGE_SAFETY" };
  const blocked = await ended(filtered)
    .draw("x")
    .catch((thrown: unknown) => thrown);
  assert.ok(blocked instanceof Blocked);
  assert.deepEqual([blocked.code, blocked.reason, blocked.charged], ["BLOCKED", "IMAGE_SAFETY", true]);
  await assert.rejects(ended({ nativeFinishReason: "STOP" }).draw("x"), NoPicture);
  await assert.rejects(async () => {
    for await (const piece of ended({ nativeFinishReason: "NO_IMAGE" }).stream("x").picture()) {
      assert.fail(`${piece.length} bytes`);
    }
  }, /no picture was drawn \(NO_IMAGE\)/);
});

await test("a unary answer's pictures that came by their ids are fetched; all are checked", async () => {
  const wire = { mimeType: "image/png", sizeBytes: 1000n, sha256: sha256Of(PICTURE) };
  const answering = (image: object): Parameters<typeof client>[0] => ({
    chat: {
      createCompletion: () => ({ completionId: "c", candidates: [{ message: { image: { ...wire, ...image } } }] }),
    },
    images: {
      async *downloadImage() {
        yield { event: { case: "image" as const, value: wire } };
        yield { event: { case: "chunk" as const, value: { data: PICTURE } } };
      },
    },
  });
  const apart = await client(answering({ source: { case: "imageId", value: "img-1" } })).createCompletion({
    model: "m",
  });
  assert.deepEqual(apart.candidates[0]?.message?.image?.source, { case: "data", value: PICTURE });
  await assert.rejects(client(answering({})).createCompletion({ model: "m" }), CorruptAnswer);
  const damaged = { source: { case: "data", value: PICTURE.slice(1) } };
  await assert.rejects(client(answering(damaged)).createCompletion({ model: "m" }), CorruptAnswer);
});

await test("resuming behind an event yields what follows, and has no whole answer", async () => {
  const asked: v1.ResumeCompletionRequest[] = [];
  const chat: Chat = {
    async *resumeCompletion(request) {
      asked.push(request);
      for (const event of numbered(events()).slice(4)) {
        yield create(v1.ResumeCompletionResponseSchema, { event });
      }
    },
  };
  const made = client({ chat });
  const pieces: [number, number][] = [];
  for await (const event of made.resume({ completionId: "cmpl-1" }, { afterSequence: 2, offset: 500 })) {
    if (event.type === "data") {
      pieces.push([event.offset, event.data.length]);
    }
  }
  assert.deepEqual(pieces, [
    [500, 250],
    [750, 250],
  ]);
  assert.deepEqual([asked[0]?.afterSequence, asked[0]?.offset], [2n, 500n]);
  await assert.rejects(
    made.resume({ completionId: "cmpl-1" }, { afterSequence: 2 }).answer(),
    /behind the answer's beginning/,
  );
});

await test("an error has all that the server says, and an unknown reason goes by its code", async () => {
  const chat: Chat = { streamCompletion: streaming([], refused(Code.Unimplemented, "NEW_WORD", { a: "b" })) };
  const error = await client({ chat })
    .draw("x")
    .catch((thrown: unknown) => thrown);
  assert.ok(error instanceof NotSupported);
  assert.deepEqual([error.code, error.reason, error.metadata], ["UNIMPLEMENTED", "NEW_WORD", { a: "b" }]);
  assert.match(error.requestId, /^[0-9a-f-]{36}$/);
});

await test("looking up models is repeated where the connection breaks", async () => {
  let calls = 0;
  const listModels = () => {
    calls += 1;
    if (calls === 1) {
      throw new ConnectError("", Code.Unavailable, { "grpc-status": "14" });
    }
    return { models: [{ name: "m" }] };
  };
  assert.deepEqual(
    (await client({ models: { listModels } }).listModels()).map(({ name }) => name),
    ["m"],
  );
  await assert.rejects(
    client(
      { models: { listModels: () => Promise.reject(refused(Code.Unavailable, "OVERLOADED")) } },
      { retries: 0 },
    ).listModels(),
    Unavailable,
  );
});

await test("the browser's client takes a transport", async () => {
  const transport = createRouterTransport(({ service }) => {
    service(v1.ChatService, { streamCompletion: streaming(numbered(events())) });
  });
  assert.deepEqual((await new browser.Client({ transport }).draw("A banana")).data, PICTURE);
  assert.throws(() => new browser.Client({} as browser.ClientOptions), /transport is needed/);
});
