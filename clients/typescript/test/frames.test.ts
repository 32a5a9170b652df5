/** Frames are checked: what is damaged, out of order or cut is an error, never a shorter picture. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CorruptAnswer } from "../src/index.js";
import { client, events, numbered, PICTURE, streaming } from "./fake.js";

type Given = ReturnType<typeof events>;

function only(given: Given, kind: string) {
  const found = given.find((event) => event?.case === kind);
  return found?.value as Record<string, unknown>;
}

const DAMAGED: Record<string, [RegExp, (given: Given) => Given | undefined]> = {
  "a missing frame": [/go on at 250 where 0 was due/, (given) => given.toSpliced(2, 1)],
  "a frame that comes twice": [/go on at 0 where 250 was due/, (given) => given.toSpliced(3, 1, given[2])],
  "a damaged byte": [
    /sha256 differs/,
    (given) => {
      only(given, "imageChunk").data = PICTURE.slice(0, 250).fill(9, 3, 4);
      return given;
    },
  ],
  "a wrong size": [
    /1000 bytes where 999 were announced/,
    (given) => {
      (only(given, "partFinished").content as { value: { sizeBytes: bigint } }).value.sizeBytes = 999n;
      return given;
    },
  ],
  "no start": [/one start, and it comes first/, (given) => given.slice(1)],
  "two starts": [/one start, and it comes first/, (given) => given.toSpliced(1, 0, given[0])],
  "a frame of no part": [/not open for it/, (given) => given.toSpliced(1, 1)],
  "a part that is skipped": [
    /began out of order/,
    (given) => {
      only(given, "partStarted").partIndex = 1;
      return given;
    },
  ],
  "a part that does not end": [/ended out of order/, (given) => given.toSpliced(6, 1)],
  "a candidate that does not end": [/ended inside candidate 0/, (given) => given.toSpliced(7, 1)],
  "an end that is not the last": [/went on after its last event/, (given) => [...given, given[0]]],
  "no end": [/not whole/, (given) => given.slice(0, -1)],
};

for (const [name, [words, damage]] of Object.entries(DAMAGED)) {
  await test(`an answer with ${name} is refused`, async () => {
    const streamCompletion = streaming(numbered(damage(events()) ?? []));
    const error: unknown = await client({ chat: { streamCompletion } })
      .draw("A banana")
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    assert.ok(error instanceof CorruptAnswer, String(error));
    assert.match(error.message, words);
    assert.deepEqual([error.code, error.charged], ["DATA_LOSS", true]);
  });
}

await test("a gap in the numbers is refused", async () => {
  const given = numbered(events());
  for (const message of given.slice(6)) {
    message.sequence += 1n;
  }
  await assert.rejects(client({ chat: { streamCompletion: streaming(given) } }).draw("A banana"), /event 3 is missing/);
});

await test("a sound answer is the picture, heartbeats or not, batched or not", async () => {
  const beat = { case: "heartbeat", value: {} } as const;
  const [first, ...more] = numbered(events((given) => given.toSpliced(3, 0, beat, beat)));
  assert.ok(first);
  first.more = more.slice(0, 5);
  const streamCompletion = streaming([first, ...more.slice(5)]);
  const picture = await client({ chat: { streamCompletion } }).draw("A banana");
  assert.deepEqual(picture.data, PICTURE);
});

await test("a picture that is streamed fails at its end when it is damaged", async () => {
  const streamCompletion = streaming(numbered(events((given) => given.toSpliced(5, 1))));
  const sizes: number[] = [];
  await assert.rejects(async () => {
    for await (const piece of client({ chat: { streamCompletion } }).stream("A banana").picture()) {
      sizes.push(piece.length);
    }
  }, CorruptAnswer);
  assert.deepEqual(sizes, [250, 250, 250]);
});
