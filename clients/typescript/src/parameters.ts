/** What a client and its calls take, and the checks of it. */
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { CALL_OPTIONS, type CallOptions, headersOf, type Metadata } from "./call.js";
import { invalid } from "./errors.js";
import {
  type CreateCompletionRequest,
  OnDisconnect,
  type ResumeCompletionRequest,
  ResumeCompletionRequestSchema,
  type StreamCompletionRequest,
} from "./gen/imagewire/v1/chat_service_pb.js";
import type { ChatMessage } from "./gen/imagewire/v1/message_pb.js";
import type { Picture } from "./image.js";
import type { Options } from "./options.js";
import { platform } from "./platform.js";
import { RETRIES } from "./retry.js";
import { checkNames, make } from "./strict.js";

/** What a client of any transport takes. */
export interface BaseOptions {
  /** The key that the server asks for. Default: IMAGEWIRE_API_KEY, else none. */
  apiKey?: string | undefined;
  /** Sent with every call: strings, and bytes for names in "-bin". */
  metadata?: Metadata | undefined;
  /** Milliseconds for a call that sets none, all its attempts together; Infinity for no limit. Default: 600,000. */
  timeoutMs?: number | undefined;
  /** How often a call is repeated at most when nothing can have been charged. Default: 2. */
  retries?: number | undefined;
  /** The largest message that is received, in bytes, at least 131,072. Default: 64 MiB. Streams fit their frames in. */
  maxMessageBytes?: number | undefined;
}

/** What a call that draws takes, beside how to draw. */
export interface DrawCallOptions extends CallOptions {
  /** A UUID of your own: with it, the same call made again is not paid again. Default: a new one. */
  requestId?: string | undefined;
  /** If you leave, "keep" has it drawn to its end, "cancel" ends it. Default: the server's setting. */
  onDisconnect?: "keep" | "cancel" | undefined;
  /** Milliseconds: an answer of yours to the same request that is no older is sent again and costs nothing. */
  cacheTtlMs?: number | undefined;
}

/** What `draw` takes. */
export interface DrawOptions extends Options, DrawCallOptions {
  /** The model's name. Default: IMAGEWIRE_MODEL, else DEFAULT_MODEL. */
  model?: string | undefined;
  /** The pictures to edit. They stand before the prompt. */
  images?: readonly Picture[] | undefined;
}

/** What `stream` takes. */
export interface StreamOptions extends DrawOptions {
  /** The most bytes of a picture in one event: 16,384 to 2,097,152. Default: the server's, 262,144. */
  maxFrameBytes?: number | undefined;
  /** Whether the answer gets the bytes of its pictures. Default: true. */
  keepBytes?: boolean | undefined;
}

/** How a chat begins and is drawn. */
export interface ChatOptions extends Options {
  /** The model's name. Default: IMAGEWIRE_MODEL, else DEFAULT_MODEL. */
  model?: string | undefined;
  /** The messages to start with. */
  messages?: ChatMessage[] | undefined;
}

/** Which answer is meant: by its id, or by the requestId that it was asked for with. */
export type AnswerId = { completionId: string; requestId?: never } | { requestId: string; completionId?: never };

/** Where to go on: behind which event, and, if that began a file, behind how many of its bytes. */
export interface ResumeOptions extends CallOptions {
  afterSequence?: number | undefined;
  offset?: number | undefined;
  maxFrameBytes?: number | undefined;
  keepBytes?: boolean | undefined;
}

const BASE_OPTIONS: readonly (keyof BaseOptions)[] = ["apiKey", "metadata", "timeoutMs", "retries", "maxMessageBytes"];
export const DRAW_CALL = [...CALL_OPTIONS, "requestId", "onDisconnect", "cacheTtlMs"] as const;
export const DRAW = [...DRAW_CALL, "model", "images"] as const;
export const FRAMES = ["maxFrameBytes", "keepBytes"] as const;
export const RESUME = [...CALL_OPTIONS, ...FRAMES, "afterSequence", "offset"] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const LEAST_MESSAGE = 128 * 1024;

/** The limit of messages that options ask for. Throws InvalidRequest for names that are none, and bad values. */
export function checkOptions(options: BaseOptions, further: readonly string[]): number {
  checkNames(options, [...BASE_OPTIONS, ...further], "option of the client");
  const { maxMessageBytes = MAX_MESSAGE_BYTES, retries = RETRIES } = options;
  if (!Number.isInteger(maxMessageBytes) || maxMessageBytes < LEAST_MESSAGE || maxMessageBytes > 2 ** 31 - 1) {
    throw invalid("maxMessageBytes", `must be a whole number from ${LEAST_MESSAGE} to 2147483647`);
  }
  checkCounts({ retries });
  return maxMessageBytes;
}

/** What is sent with every call: the metadata, and the key. Throws InvalidRequest for what gRPC cannot send. */
export function headersOfAll(options: BaseOptions): Headers {
  const key = options.apiKey ?? (platform.environment("IMAGEWIRE_API_KEY") || "");
  if (!/^[ -~]*$/.test(key)) {
    throw invalid("apiKey", "(else IMAGEWIRE_API_KEY) holds what no key has, such as a line's end: give the key alone");
  }
  const headers = headersOf(options.metadata ?? {});
  if (key) {
    headers.set("authorization", `Bearer ${key}`);
  }
  return headers;
}

/** Throws InvalidRequest for numbers that count nothing. given: by the caller's names. */
export function checkCounts(given: Record<string, number>): void {
  for (const [name, value] of Object.entries(given)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw invalid(name, "must be a whole number of at least 0");
    }
  }
}

/** Sets in a request what is said of the call apart from what is drawn. */
export function setHow(request: CreateCompletionRequest | StreamCompletionRequest, options: DrawCallOptions): void {
  const { onDisconnect, cacheTtlMs } = options;
  if (onDisconnect !== undefined) {
    const choices = { keep: OnDisconnect.KEEP, cancel: OnDisconnect.CANCEL };
    if (!Object.hasOwn(choices, onDisconnect)) {
      throw invalid("onDisconnect", 'must be "keep" or "cancel"');
    }
    request.onDisconnect = choices[onDisconnect];
  }
  if (cacheTtlMs !== undefined) {
    checkCounts({ cacheTtlMs });
    request.cacheTtl = durationFromMs(cacheTtlMs);
  }
}

/** What asks for the rest of an answer. */
export function resumeRequest(id: AnswerId, options: ResumeOptions, maxFrameBytes: number): ResumeCompletionRequest {
  checkNames(id, ["completionId", "requestId"], "name of an answer", "id");
  const { completionId = "", requestId = "" } = id;
  if ((completionId === "") === (checkedUuid(requestId) === "")) {
    throw invalid("completionId", "is needed, or requestId, and not both: name the answer by one of them");
  }
  const { afterSequence = 0, offset = 0 } = options;
  checkCounts({ afterSequence, offset });
  return make(ResumeCompletionRequestSchema, {
    id: completionId ? { case: "completionId", value: completionId } : { case: "requestId", value: requestId },
    afterSequence: BigInt(afterSequence),
    offset: BigInt(offset),
    maxFrameBytes,
  });
}

/** A UUID, or "" for none. Throws InvalidRequest for anything else. */
export function checkedUuid(requestId: string): string {
  if (typeof requestId !== "string" || (requestId !== "" && !UUID.test(requestId))) {
    throw invalid("requestId", "must be a UUID, such as crypto.randomUUID()");
  }
  return requestId;
}

/** The id of a picture. Throws InvalidRequest where there is none. */
export function named(imageId: string): string {
  if (typeof imageId !== "string" || imageId === "") {
    throw invalid("imageId", "is empty: give the picture's imageId");
  }
  return imageId;
}
