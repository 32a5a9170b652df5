/** A server in this process, for what no real one does: damaged frames, and connections that break at a given byte. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import { Client } from "../src/client.js";
import "../src/index.js"; // Node's platform
import type { BaseOptions } from "../src/parameters.js";
import { sha256Of } from "../src/platform.js";
import { ErrorInfoSchema } from "../src/gen/google/rpc/error_details_pb.js";
import * as v1 from "../src/v1.js";

export type Chat = Partial<ServiceImpl<typeof v1.ChatService>>;
export type Images = Partial<ServiceImpl<typeof v1.ImageService>>;
export type Models = Partial<ServiceImpl<typeof v1.ModelService>>;
type EventInit = MessageInitShape<typeof v1.StreamCompletionResponseSchema>["event"];

/** A client of a server with these methods. */
export function client(methods: { chat?: Chat; images?: Images; models?: Models }, options: BaseOptions = {}): Client {
  const transport = createRouterTransport(({ service }) => {
    service(v1.ChatService, methods.chat ?? {});
    service(v1.ImageService, methods.images ?? {});
    service(v1.ModelService, methods.models ?? {});
  });
  return new Client("fake:1", transport, { timeoutMs: Infinity, ...options });
}

/** A connection that broke, as connect tells of it. */
export function broken(): ConnectError {
  return new ConnectError("http/2 stream closed with error code INTERNAL_ERROR (0x2)", Code.Internal);
}

/** An error of imagewire's server. */
export function refused(
  code: Code,
  reason: string,
  metadata: Record<string, string> = {},
  headers?: HeadersInit,
): ConnectError {
  const details = [{ desc: ErrorInfoSchema, value: { reason, domain: "imagewire.dev", metadata } }];
  return new ConnectError(`refused: ${reason}`, code, headers, details);
}

/** Bytes that stand for a picture. */
export const PICTURE = Uint8Array.from({ length: 1000 }, (_, at) => at % 251);

const part = { candidateIndex: 0, partIndex: 0 };

/** The events of an answer with one picture in frames of 250 bytes. change: of the events before they are sent. */
export function events(change: (given: EventInit[]) => EventInit[] = (given) => given): EventInit[] {
  const chunks = [0, 250, 500, 750].map((at): EventInit => {
    const value = { ...part, offset: BigInt(at), data: PICTURE.subarray(at, at + 250) };
    return { case: "imageChunk", value };
  });
  const image = { mimeType: "image/png", sizeBytes: 1000n, sha256: sha256Of(PICTURE) };
  const expireTime = timestampFromMs(Date.now() + 60_000);
  return change([
    { case: "started", value: { completionId: "cmpl-1", model: "fake", expireTime } },
    { case: "partStarted", value: { ...part, kind: v1.PartKind.IMAGE } },
    ...chunks,
    {
      case: "partFinished",
      value: { ...part, content: { case: "image", value: image }, thoughtSignature: Uint8Array.of(7) },
    },
    { case: "candidateFinished", value: { finishReason: v1.FinishReason.STOP, nativeFinishReason: "STOP" } },
    { case: "finished", value: { modelVersion: "1" } },
  ]);
}

/** The messages of events, numbered as a server does. */
export function numbered(given: EventInit[], after = 0): v1.StreamCompletionResponse[] {
  let sequence = BigInt(after);
  return given.map((event) => {
    sequence += event?.case === "imageChunk" || event?.case === "heartbeat" ? 0n : 1n;
    return create(v1.StreamCompletionResponseSchema, { sequence, event });
  });
}

/** A method that streams these. */
export function streaming(
  given: v1.StreamCompletionResponse[],
  ending?: ConnectError,
): Required<Chat>["streamCompletion"] {
  return async function* () {
    yield* given;
    if (ending) {
      throw ending;
    }
  };
}
