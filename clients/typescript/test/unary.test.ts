/** Unary answers: the first candidate is the one with the index 0, and what is drawn is never to be drawn again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { Answer, Cancelled, ImageNotFound, ImagewireError, Unavailable } from "../src/index.js";
import { sha256Of } from "../src/platform.js";
import { broken, client, type Images, PICTURE, refused } from "./fake.js";

const DRAWN = { mimeType: "image/png", sizeBytes: 1000n, sha256: sha256Of(PICTURE) };
const LOST: Record<string, [new (message: string) => ImagewireError, () => ConnectError]> = {
  "a connection that breaks": [Unavailable, broken],
  "no server": [
    Unavailable,
    () => ConnectError.from(Object.assign(new Error("refused"), { syscall: "connect", code: "ECONNREFUSED" })),
  ],
  "a store that fails": [Unavailable, () => refused(Code.Unavailable, "STORE_UNAVAILABLE")],
  "a picture that is gone": [ImageNotFound, () => refused(Code.NotFound, "IMAGE_NOT_FOUND")],
};

/** A server that draws, and whose picture is fetched apart. */
function apart(downloadImage: Required<Images>["downloadImage"], options = {}) {
  const ids: string[] = [];
  const createCompletion = ({ requestId }: { requestId: string }) => {
    ids.push(requestId);
    const image = { ...DRAWN, source: { case: "imageId" as const, value: "img-1" } };
    return { candidates: [{ message: { image } }] };
  };
  return { ids, made: client({ chat: { createCompletion }, images: { downloadImage } }, options) };
}

for (const [name, [Kind, lost]] of Object.entries(LOST)) {
  await test(`a picture that is drawn and not fetched for ${name} is not to be drawn again, and says how to get it`, async () => {
    const { ids, made } = apart(
      async function* () {
        throw lost();
      },
      { retries: 0 },
    );
    const error = await made.createCompletion({ model: "m" }).catch((reason: unknown) => reason);
    assert.ok(error instanceof Kind, String(error));
    assert.deepEqual([error.retryable, error.charged, ids.length], [false, true, 1]);
    assert.ok(error.message.includes(`the picture is drawn; while the server keeps the answer, getCompletion({ `));
    assert.ok(error.message.includes(`requestId: "${ids[0] ?? ""}" }) gets it at no cost`), error.message);
  });
}

await test("whoever leaves while it is fetched knows that it is drawn", async () => {
  const controller = new AbortController();
  const { made } = apart(async function* () {
    controller.abort();
    throw broken();
  });
  const { signal } = controller;
  const error = await made.createCompletion({ model: "m" }, { signal }).catch((reason: unknown) => reason);
  assert.ok(error instanceof Cancelled, String(error));
  assert.deepEqual([error.retryable, error.charged], [false, true]);
  assert.match(error.message, /the picture is drawn/);
});

await test("a unary answer's candidates are in their order, as a stream's are", async () => {
  const of = (index: number, content: string) => ({ index, message: { content } });
  const createCompletion = () => ({ candidates: [of(1, "second"), of(0, "first")] });
  const answer = await client({ chat: { createCompletion } }).createCompletion({ model: "m" });
  assert.deepEqual([answer.candidates.map(({ index }) => index), new Answer(answer).text], [[0, 1], "first"]);
});
