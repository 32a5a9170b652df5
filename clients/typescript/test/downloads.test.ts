/** Downloads of servers that break their word: none takes more memory than the picture that was announced. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CorruptAnswer, type ImagewireError } from "../src/index.js";
import { sha256Of } from "../src/platform.js";
import { client, type Images, PICTURE } from "./fake.js";

const ANNOUNCED = { mimeType: "image/png", sizeBytes: 1000n, sha256: sha256Of(PICTURE) };

/** A server that sends these heads before the bytes, and goes on behind them for ever; and how many chunks it sent. */
function endless(heads: object[], size = 250) {
  const sent = { chunks: 0 };
  const images: Images = {
    async *downloadImage() {
      for (const value of heads) {
        yield { event: { case: "image" as const, value } };
      }
      for (let at = 0; ; at += size) {
        sent.chunks += 1;
        yield { event: { case: "chunk" as const, value: { offset: BigInt(at), data: new Uint8Array(size) } } };
      }
    },
  };
  const image = { ...ANNOUNCED, source: { case: "imageId" as const, value: "img-1" } };
  const chat = { createCompletion: () => ({ candidates: [{ message: { image } }] }) };
  return { sent, made: client({ images, chat }) };
}

async function corrupt(call: Promise<unknown>): Promise<ImagewireError> {
  const error = await call.catch((reason: unknown) => reason);
  assert.ok(error instanceof CorruptAnswer, String(error));
  assert.equal(error.code, "DATA_LOSS");
  return error;
}

await test("a download ends at the first byte beyond the size that was announced", async () => {
  const { sent, made } = endless([ANNOUNCED]);
  const error = await corrupt(made.download("img-1"));
  assert.match(error.message, /has 1250 bytes or more where 1000 were announced/);
  assert.equal(error.charged, false);
  assert.ok(sent.chunks <= 6, String(sent.chunks));
});

await test("a download whose picture is not announced ends at its first byte", async () => {
  for (const heads of [[], [{ mimeType: "image/png" }], [{ ...ANNOUNCED, sizeBytes: -1n }]]) {
    const { sent, made } = endless(heads);
    await corrupt(made.download("img-1"));
    assert.ok(sent.chunks <= 2, String(sent.chunks));
  }
});

await test("a size that changes on the way is damage", async () => {
  const { made } = endless([ANNOUNCED, { ...ANNOUNCED, sizeBytes: 1n << 61n }]);
  assert.match((await corrupt(made.download("img-1"))).message, /of 1000 bytes is said to have 2305843009213693952/);
});

await test("a picture of a unary answer has the size that the answer says, and was drawn", async () => {
  const { sent, made } = endless([{ ...ANNOUNCED, sizeBytes: 1n << 61n }]);
  const error = await corrupt(made.createCompletion({ model: "m" }));
  assert.equal(error.charged, true);
  assert.ok(sent.chunks <= 2, String(sent.chunks));
});
