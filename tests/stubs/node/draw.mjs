// Draws one 4K picture with plain stubs: node draw.mjs PROTOS TARGET FILE.
//
// @grpc/proto-loader makes the stubs of the .proto files when the program starts; there is nothing to generate. It drops
// a field whose name it does not know, so a misspelt one is not sent: the types that `proto-loader-gen-types` writes
// let TypeScript find it.
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import grpc from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import protobuf from "protobufjs";

const [protos, target, file] = process.argv.slice(2);
const names = ["chat_service", "error_reason"].map((name) => `imagewire/v1/${name}.proto`);
const options = { includeDirs: [protos], longs: Number, enums: String, oneofs: true, defaults: true };
const definition = await load(names, options);
const { ChatService, ErrorReason } = grpc.loadPackageDefinition(definition).imagewire.v1;

// google.rpc.Status and its ErrorInfo, as much as is read here.
const rpc = protobuf.parse(`
  syntax = "proto3";
  message Any { string typeUrl = 1; bytes value = 2; }
  message Status { repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; }
`).root;

/** The value of ErrorReason that an error tells of. One that these protos do not know is unspecified. */
function reasonOf(error) {
  const [encoded] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (encoded) {
    for (const { typeUrl, value } of rpc.lookupType("Status").decode(encoded).details) {
      if (!typeUrl.endsWith("/google.rpc.ErrorInfo")) continue;
      const info = rpc.lookupType("ErrorInfo").decode(value);
      const name = `ERROR_REASON_${info.reason}`;
      if (info.domain === "imagewire.dev" && ErrorReason.type.value.some((known) => known.name === name)) return name;
    }
  }
  return "ERROR_REASON_UNSPECIFIED";
}

/** The picture of one call. A program that does not want all of it in memory writes each chunk as it comes. */
async function draw(chat, model) {
  const spec = { model, messages: [{ role: "ROLE_USER", content: "A banana" }], imageConfig: { imageSize: "4K" } };
  const parts = new Map(); // The chunks so far, by partIndex: one candidate is asked for.
  let picture;
  for await (const event of chat.StreamCompletion({ spec }, { deadline: Date.now() + 120_000 })) {
    if (event.event === "imageChunk") {
      const { partIndex, offset, data } = event.imageChunk;
      const part = parts.get(partIndex) ?? { chunks: [], size: 0 };
      if (offset !== part.size) throw new Error("bytes are missing");
      part.chunks.push(data);
      part.size += data.length;
      parts.set(partIndex, part);
    } else if (event.event === "partFinished" && event.partFinished.image && !event.partFinished.thought) {
      // The picture's own account of itself. A thought is a draft, and text has no image.
      const { partIndex, image } = event.partFinished;
      picture = Buffer.concat(parts.get(partIndex)?.chunks ?? []);
      const whole = createHash("sha256").update(picture).digest().equals(image.sha256);
      if (picture.length !== image.sizeBytes || !whole) throw new Error("the picture is damaged");
    } else if (event.event === "finished") {
      return picture;
    }
  }
  throw new Error("the stream ended without finished: the answer is not whole");
}

// Without retries: a call that failed may have been charged, see the trailer grpc-retry-pushback-ms.
const chat = new ChatService(target, grpc.credentials.createInsecure(), { "grpc.enable_retries": 0 });
const picture = await draw(chat, "gemini/gemini-3-pro-image");
await writeFile(file, picture);
console.log(`${picture.length} bytes, sha256 ${createHash("sha256").update(picture).digest("hex")}`);
const error = await draw(chat, "gemini/no-such-model").catch((error) => error);
if (reasonOf(error) !== "ERROR_REASON_MODEL_NOT_FOUND") throw error;
console.log(reasonOf(error));
chat.close();
