/** What is sent: each option is where the contract has it, and what is no option is refused before anything is sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { create, equals, toJson } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { Client, type DrawOptions, functionResult, image, InvalidRequest, system, user } from "../src/index.js";
import { sha256Of } from "../src/platform.js";
import * as v1 from "../src/v1.js";
import { type Chat, client, events, type Images, numbered, PICTURE, refused } from "./fake.js";

/** A client, and the requests it sent. */
function recording(images: Images = {}) {
  const sent: { request: v1.StreamCompletionRequest; header: Headers }[] = [];
  const chat: Chat = {
    async *streamCompletion(request, { requestHeader: header }) {
      sent.push({ request, header });
      yield* numbered(events());
    },
  };
  return { sent, made: client({ chat, images }, { apiKey: "sk-1", metadata: { "x-team": "blue" } }) };
}

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 1, 2, 3);

await test("options become the fields of the Spec", async () => {
  const { sent, made } = recording();
  const options: DrawOptions = {
    ...{ model: "m", aspectRatio: "16:9", imageSize: "2K", temperature: 0.5, seed: 7, thinkingLevel: "LOW", stop: "x" },
    ...{ modalities: ["image"], safetySettings: { HARM: "NONE" }, outputUri: "gs://b/", labels: { a: "b" } },
    ...{ tools: [{ tool: { case: "googleSearch", value: {} } }], extraBody: { a: [1] }, topK: undefined },
    images: [PNG, "https://example.com/cat.png"],
    ...{ onDisconnect: "keep", cacheTtlMs: 1500, metadata: { "x-request-id": "mine" } },
  };
  await made.draw("A banana", options);
  const [{ request, header } = { request: undefined, header: undefined }] = sent;
  assert.ok(request?.spec && header);
  assert.deepEqual(toJson(v1.SpecSchema, request.spec), {
    model: "m",
    messages: [
      {
        role: "ROLE_USER",
        parts: [
          { image: { data: "iVBORwECAw==", mimeType: "image/png", detail: "IMAGE_DETAIL_AUTO" } },
          { image: { uri: "https://example.com/cat.png", detail: "IMAGE_DETAIL_AUTO" } },
          { text: "A banana" },
        ],
      },
    ],
    responseModalities: ["MODALITY_IMAGE"],
    imageConfig: { aspectRatio: "16:9", imageSize: "2K" },
    generationConfig: { temperature: 0.5, seed: 7, stopSequences: ["x"], thinkingConfig: { thinkingLevel: "LOW" } },
    safetySettings: [{ category: "HARM", threshold: "NONE" }],
    tools: [{ googleSearch: {} }],
    labels: { a: "b" },
    extraBody: { a: [1] },
    outputConfig: { uriPrefix: "gs://b/" },
  });
  assert.deepEqual([request.onDisconnect, request.cacheTtl?.seconds, request.batch], [v1.OnDisconnect.KEEP, 1n, true]);
  assert.equal(header.get("authorization"), "Bearer sk-1");
  assert.equal(header.get("x-team"), "blue");
  assert.equal(header.get("x-request-id"), "mine");
});

const WRONG: Record<string, [string, (made: ReturnType<typeof recording>["made"]) => unknown]> = {
  "a name that is no option": ["aspectRato", (made) => made.draw("x", { aspectRato: "1:1" } as object)],
  "one of a stream": ["keepBites", (made) => made.stream("x", { keepBites: true } as object).answer()],
  "one of a chat": ["aspectRato", (made) => made.chat({ aspectRato: "1:1" } as object)],
  "one of a tool": ["tools[0].tol", (made) => made.draw("x", { tools: [{ tol: 1 }] } as object)],
  "one deep in a Spec": [
    "spec.messages[0].parts[0].thougt",
    (made) => made.createCompletion({ messages: [{ parts: [{ thougt: true } as object] }] }),
  ],
  "an unknown case": [
    "spec.messages[0].parts[0].content.case",
    (made) => made.createCompletion({ messages: [{ parts: [{ content: { case: "txt", value: "" } } as object] }] }),
  ],
  "a number for a text": ["aspectRatio", (made) => made.draw("x", { aspectRatio: 1 } as object)],
  "a text for a number": ["seed", (made) => made.draw("x", { seed: "1" } as object)],
  "a number that is too large": ["seed", (made) => made.draw("x", { seed: 3_000_000_000 })],
  "a number in a list of texts": [
    "spec.generationConfig.stopSequences[1]",
    (made) => made.createCompletion({ generationConfig: { stopSequences: ["x", 1 as unknown as string] } }),
  ],
  "a number in a map of texts": [
    "spec.messages[0].parts[0].nativeFields.x",
    (made) => made.createCompletion({ messages: [{ parts: [{ nativeFields: { x: 1 as unknown as string } }] }] }),
  ],
  "an unknown modality": ["modalities", (made) => made.draw("x", { modalities: ["sound"] } as object)],
  "a file's name": ["picture", (made) => made.draw("x", { images: ["cat.png"] })],
  "a file that is no picture": ["picture", (made) => made.draw("x", { images: [Uint8Array.of(1)] })],
  "a request id that is no UUID": ["requestId", (made) => made.draw("x", { requestId: "1" })],
  "no time": ["timeoutMs", (made) => made.draw("x", { timeoutMs: 0 })],
  "metadata that cannot be sent": ["metadata.x", (made) => made.draw("x", { metadata: { x: "\n" } })],
  "two names of an answer": ["completionId", (made) => made.getCompletion({} as { completionId: string })],
  "half a byte": ["offset", (made) => made.download("img-1", { offset: 0.5 })],
  "an empty id": ["imageId", (made) => made.download("")],
  "an unknown detail": ["detail", () => image(PNG, { detail: "fine" } as object)],
  "a target that is none": ["target", () => new Client("http://a/b/c")],
  "half a certificate": ["tls", () => new Client("a:1", { tls: { cert: "x" } })],
  "TLS that contradicts the target": ["tls", () => new Client("http://a:1", { tls: true })],
  "null for options": ["options", (made) => made.draw("x", null as never)],
  "a text for options": ["options", (made) => made.stream("x", "16:9" as never).answer()],
  "null for a chat's options": ["options", (made) => made.chat(null as never)],
  "null for those of its answers": ["options", (made) => made.chat().send("x", null as never)],
  "null for those of a check": ["options", (made) => made.ping(null as never)],
  "null for those of a download": ["options", (made) => made.download("img-1", null as never)],
  "null for those of a kept answer": ["options", (made) => made.resume({ completionId: "c" }, null as never).answer()],
  "null for those of a Spec": ["options", (made) => made.createCompletion({}, null as never)],
  "null for those of a picture": ["options", () => image(PNG, null as never)],
  "null for those of the client": ["options", () => new Client("a:1", null as never)],
  "null for an answer's name": ["id", (made) => made.resume(null as never).answer()],
  "null for a name of an answer": ["completionId", (made) => made.getCompletion({ completionId: null as never })],
  "null for a model": ["model", (made) => made.draw("x", { model: null as never })],
  "null for a model's name": ["name", (made) => made.getModel(null as never)],
  "null for a prompt": ["prompt", (made) => made.draw(null as never)],
  "null for a message": ["message", (made) => made.chat().send(null as never)],
  "null for messages": ["messages", (made) => made.chat({ messages: null as never })],
  "a number for messages": ["messages", (made) => made.chat({ messages: 5 as never })],
  "a text for modalities": ["modalities", (made) => made.draw("x", { modalities: "image" as never })],
  "null for a Spec": ["spec", (made) => made.createCompletion(null as never)],
  "null for a picture": ["picture", (made) => made.upload(null as never)],
  "null for a time": ["timeoutMs", (made) => made.draw("x", { timeoutMs: null as never })],
  "null for an option": ["aspectRatio", (made) => made.draw("x", { aspectRatio: null as never })],
  "null for metadata": ["metadata", (made) => made.draw("x", { metadata: null as never })],
  "a text for metadata": ["metadata", (made) => made.draw("x", { metadata: "x" as never })],
  "a controller for its signal": ["signal", (made) => made.draw("x", { signal: new AbortController() as never })],
  "null for a function's call": ["call", () => functionResult(null as never, {})],
  "null for a target": ["target", () => new Client(null as never)],
  "null for TLS": ["tls", () => new Client("a:1", { tls: null as never })],
  "a text for TLS": ["tls", () => new Client("a:1", { tls: "yes" as never })],
  "an option of the client": ["apikey", () => new Client("a:1", { apikey: "x" } as object)],
};

for (const [name, [field, call]] of Object.entries(WRONG)) {
  await test(`it refuses ${name}, by its own name`, async () => {
    const { sent, made } = recording();
    const error = await (async () => call(made))().catch((reason: unknown) => reason);
    assert.ok(error instanceof InvalidRequest, String(error));
    assert.deepEqual(
      error.violations.map((violation) => violation.field),
      [field],
    );
    assert.equal(error.charged, false);
    assert.equal(sent.length, 0);
  });
}

await test("a typo is an error of types too", () => {
  const { made } = recording();
  // @ts-expect-error -- it is no option
  const draw: () => unknown = () => made.draw("x", { aspectRato: "1:1" });
  // @ts-expect-error -- nor is this
  const client: () => unknown = () => new Client("a:1", { timeout: 3 });
  // @ts-expect-error -- nor a field of the contract
  const spec: () => unknown = () => made.createCompletion({ mesages: [] });
  assert.equal([draw, client, spec].length, 3);
});

await test("a large picture is named by its hash, uploaded once where it is missing, and stays the caller's", async () => {
  const large = new Uint8Array(300_000).fill(5);
  large.set(PNG);
  const uploads: number[] = [];
  const ids = new Set<string | null>();
  const kept = new Set<string>();
  const key = Buffer.from(sha256Of(large)).toString("hex");
  const specs: v1.Image[] = [];
  const chat: Chat = {
    async *streamCompletion({ spec }, { requestHeader }) {
      ids.add(requestHeader.get("x-request-id"));
      const part = spec?.messages[0]?.parts[0];
      assert.ok(part?.content.case === "image");
      specs.push(part.content.value);
      if (!kept.has(Buffer.from(part.content.value.sha256).toString("hex"))) {
        throw refused(Code.NotFound, "IMAGE_NOT_FOUND", { missing: key });
      }
      yield* numbered(events());
    },
  };
  const images: Images = {
    async uploadImage(requests, { requestHeader }) {
      ids.add(requestHeader.get("x-request-id"));
      let size = 0;
      for await (const { event } of requests) {
        size += event.case === "chunk" ? event.value.data.length : 0;
      }
      uploads.push(size);
      kept.add(key);
      return {};
    },
  };
  const made = client({ chat, images });
  const message = user(image(large), "Make it blue");
  const before = create(v1.ChatMessageSchema, message);
  await made.chat({ messages: [message] }).send("Now");
  await made.draw("again", { images: [large] });
  assert.deepEqual(uploads, [300_000]);
  assert.equal(ids.size, 2, "the upload is part of the first of two calls");
  assert.equal(specs.length, 3);
  assert.ok(specs.every((each) => each.source.case === undefined));
  assert.ok(equals(v1.ChatMessageSchema, before, message) && message.parts[0]?.content.case === "image");
  assert.equal(message.parts[0].content.value.source.case, "data");
});

await test("a chat keeps its history with signatures, and goes through JSON unchanged", async () => {
  const { sent, made } = recording();
  const chat = made.chat({ model: "m", messages: [system("Draw in ink")] });
  await chat.send("A red bicycle");
  const again = made.chatFromJSON(JSON.parse(JSON.stringify(chat)) as object as never);
  await again.send([PNG, "Make it blue"]);
  const messages = sent[1]?.request.spec?.messages;
  assert.deepEqual(
    messages?.map(({ role }) => v1.Role[role]),
    ["SYSTEM", "USER", "ASSISTANT", "USER"],
  );
  const drawn = messages[2]?.parts[0];
  assert.ok(drawn?.content.case === "image" && drawn.content.value.source.case === "data");
  assert.deepEqual(drawn.content.value.source.value, PICTURE);
  assert.deepEqual(drawn.thoughtSignature, Uint8Array.of(7));
  assert.equal(again.messages.length, 5);
});

await test("a call that fails leaves the chat as it was", async () => {
  const streamCompletion = async function* (): AsyncGenerator<v1.StreamCompletionResponse> {
    throw refused(Code.InvalidArgument, "INVALID_REQUEST");
  };
  const chat = client({ chat: { streamCompletion } }).chat();
  await assert.rejects(chat.send("x"), InvalidRequest);
  assert.equal(chat.messages.length, 0);
});
