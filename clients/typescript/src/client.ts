/** The client, for any of connect's transports that speaks gRPC or gRPC-Web. */
import { create, type JsonValue, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { createClient, type Transport } from "@connectrpc/connect";
import { Answer } from "./answer.js";
import { Asking } from "./asking.js";
import {
  Call,
  CALL_OPTIONS,
  type CallOptions,
  checkedTimeout,
  type Connection,
  headersOf,
  type Metadata,
} from "./call.js";
import { Chat } from "./chat.js";
import { invalid } from "./errors.js";
import {
  ChatService,
  type CreateCompletionRequest,
  CreateCompletionRequestSchema,
  type CreateCompletionResponse,
  OnDisconnect,
  ResumeCompletionRequestSchema,
  type StreamCompletionRequest,
  StreamCompletionRequestSchema,
  type StreamCompletionResponse,
} from "./gen/imagewire/v1/chat_service_pb.js";
import { ImageService } from "./gen/imagewire/v1/image_service_pb.js";
import type { ChatMessage } from "./gen/imagewire/v1/message_pb.js";
import { type Model, ModelSchema, ModelService } from "./gen/imagewire/v1/model_service_pb.js";
import { SpecSchema } from "./gen/imagewire/v1/spec_pb.js";
import { Health, HealthCheckResponse_ServingStatus } from "./gen/grpc/health/v1/health_pb.js";
import { image, Image, type Picture } from "./image.js";
import { buildSpec, OPTIONS, type Options, prompted } from "./options.js";
import { platform, sha256Of } from "./platform.js";
import { RETRIES } from "./retry.js";
import { download, largestFrame, upload } from "./store.js";
import { AnswerStream } from "./stream.js";
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

/** A server that answered. */
export interface Pong {
  /** "SERVING", or "NOT_SERVING" while the server starts or stops. */
  readonly status: keyof typeof HealthCheckResponse_ServingStatus;
  /** The server's version; "" when it did not say. */
  readonly version: string;
  /** How long one round trip took. */
  readonly ms: number;
}

const BASE_OPTIONS: readonly (keyof BaseOptions)[] = ["apiKey", "metadata", "timeoutMs", "retries", "maxMessageBytes"];
const DRAW_CALL = [...CALL_OPTIONS, "requestId", "onDisconnect", "cacheTtlMs"] as const;
const DRAW = [...DRAW_CALL, "model", "images"] as const;
const FRAMES = ["maxFrameBytes", "keepBytes"] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const LEAST_MESSAGE = 128 * 1024;
const MARGIN = 1024 * 1024;
const PAGE_SIZE = 1000;
const PING_MS = 10_000;

/** The limit of messages that options ask for. Throws InvalidRequest for names that are none, and bad values. */
export function checkOptions(options: BaseOptions, further: readonly string[]): number {
  checkNames(options, [...BASE_OPTIONS, ...further], "option of the client");
  const { maxMessageBytes = MAX_MESSAGE_BYTES, retries = RETRIES } = options;
  if (!Number.isInteger(maxMessageBytes) || maxMessageBytes < LEAST_MESSAGE || maxMessageBytes > 2 ** 31 - 1) {
    throw invalid("maxMessageBytes", `must be a whole number from ${LEAST_MESSAGE} to 2147483647`);
  }
  if (!Number.isInteger(retries) || retries < 0) {
    throw invalid("retries", "must be a whole number of at least 0");
  }
  return maxMessageBytes;
}

/** A client of one server, for any number of calls at once. Close it when you are done. */
export class Client implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #transport: Transport;
  readonly #closing = new AbortController();

  /** target: for messages. transport: one that speaks gRPC or gRPC-Web. */
  constructor(target: string, transport: Transport, options: BaseOptions = {}) {
    const maxMessageBytes = checkOptions(options, []);
    const key = options.apiKey ?? (platform.environment("IMAGEWIRE_API_KEY") || "");
    if (!/^[ -~]*$/.test(key)) {
      throw invalid(
        "apiKey",
        "(else IMAGEWIRE_API_KEY) holds what no key has, such as a line's end: give the key alone",
      );
    }
    const headers = headersOf(options.metadata ?? {});
    if (key) {
      headers.set("authorization", `Bearer ${key}`);
    }
    this.#transport = transport;
    this.#connection = {
      target,
      chat: createClient(ChatService, transport),
      images: createClient(ImageService, transport),
      models: createClient(ModelService, transport),
      headers,
      timeoutMs: checkedTimeout(options.timeoutMs ?? 600_000),
      retries: options.retries ?? RETRIES,
      maxMessageBytes,
      closed: this.#closing.signal,
      keepOff: false,
    };
  }

  /** The server's address. */
  get target(): string {
    return this.#connection.target;
  }

  /** Draws a picture. Throws Blocked and NoPicture where the model answers without one. */
  async draw(prompt: string, options: DrawOptions = {}): Promise<Image> {
    checkNames(options, allDrawNames(), "option");
    return (await this.stream(prompt, { ...options }).answer()).requireImage();
  }

  /** Draws, and returns the answer while it arrives. Nothing is sent before it is read. */
  stream(prompt: string, options: StreamOptions = {}): AnswerStream {
    const { model, images } = options;
    const spec = buildSpec(model, [prompted(prompt, images)], options, [...DRAW, ...FRAMES]);
    return this.streamSpec(spec, only(options, [...DRAW_CALL, ...FRAMES]));
  }

  /** Starts a chat. Nothing is sent yet. */
  chat(options: ChatOptions = {}): Chat {
    return new Chat(this, buildSpec(options.model, [...(options.messages ?? [])], options, ["model", "messages"]));
  }

  /** The chat that `Chat.toJSON` gave, or another language's: the protobuf JSON of a Spec. */
  chatFromJSON(json: JsonValue): Chat {
    return Chat.fromJSON(this, json);
  }

  /** Draws what a Spec of the contract says. settle: is told of the whole answer. */
  streamSpec(
    spec: MessageInitShape<typeof SpecSchema>,
    options: DrawCallOptions & Pick<StreamOptions, "maxFrameBytes" | "keepBytes"> = {},
    settle?: (answer: Answer) => void,
  ): AnswerStream {
    return new AnswerStream(this.#streaming(spec, options), options.keepBytes ?? true, false, settle);
  }

  /** Draws what a Spec of the contract says, in one message. Pictures that do not fit it are fetched by their ids. */
  async createCompletion(
    spec: MessageInitShape<typeof SpecSchema>,
    options: DrawCallOptions & { maxInlineBytes?: number | undefined } = {},
  ): Promise<CreateCompletionResponse> {
    checkNames(options, [...DRAW_CALL, "maxInlineBytes"], "option");
    const { maxMessageBytes } = this.#connection;
    const maxInlineBytes =
      options.maxInlineBytes ?? maxMessageBytes - Math.min(MARGIN, Math.floor(maxMessageBytes / 2));
    const request = make(CreateCompletionRequestSchema, { spec: make(SpecSchema, spec, "spec"), maxInlineBytes });
    return this.#asking(request, options).create();
  }

  /** Draws what a Spec of the contract says. Yields the contract's events, each one checked. */
  streamCompletion(
    spec: MessageInitShape<typeof SpecSchema>,
    options: DrawCallOptions & Pick<StreamOptions, "maxFrameBytes"> = {},
  ): AsyncGenerator<StreamCompletionResponse, void, undefined> {
    return this.#streaming(spec, options).events();
  }

  /**
   * Reads an answer again that the server keeps, while it is drawn or long after. Nothing is drawn anew.
   *
   * Behind `afterSequence`, of an event's `sequence`, only what follows is read; a file whose beginning was not is
   * checked by its size alone.
   */
  resume(id: AnswerId, options: ResumeOptions = {}): AnswerStream {
    const { afterSequence = 0, offset = 0, keepBytes = true } = options;
    const asking = this.#resuming(id, options);
    return new AnswerStream(asking, keepBytes, afterSequence > 0 || offset > 0);
  }

  /** Gets an answer that the server keeps. If it is still drawn, this waits for its end. Nothing is drawn anew. */
  async getCompletion(id: AnswerId, options: CallOptions = {}): Promise<Answer> {
    checkNames(options, CALL_OPTIONS, "option");
    return this.resume(id, options).answer();
  }

  /** Stores a picture on the server, so that requests can name it. Large pictures of requests are stored unasked. */
  async upload(picture: Picture, options: CallOptions = {}): Promise<Image> {
    checkNames(options, CALL_OPTIONS, "option");
    const given = image(picture);
    if (!given.isHere) {
      throw invalid("picture", "has no bytes here: give the file itself");
    }
    const { data, mimeType } = given;
    const kept = await upload(this.#call(options, false), data, mimeType, sha256Of(data));
    return new Image(kept, data);
  }

  /** Gets a picture that the server keeps. offset: the first byte that is wanted. Default: 0. */
  async download(imageId: string, options: CallOptions & { offset?: number | undefined } = {}): Promise<Image> {
    checkNames(options, [...CALL_OPTIONS, "offset"], "option");
    const got = await download(this.#call(options, false), named(imageId), options.offset ?? 0, this.#frame(0));
    return new Image(got.image, got.data, false, imageId);
  }

  /** Removes a picture from the server. An answer that it is part of can no longer be resumed. */
  async deleteImage(imageId: string, options: CallOptions = {}): Promise<void> {
    checkNames(options, CALL_OPTIONS, "option");
    const request = { imageId: named(imageId) };
    await this.#call(options, false).unary((given) => this.#connection.images.deleteImage(request, given));
  }

  /** Lists the models that the server draws with. */
  async listModels(options: CallOptions = {}): Promise<Model[]> {
    checkNames(options, CALL_OPTIONS, "option");
    const models: Model[] = [];
    for (let pageToken = ""; ;) {
      const request = { pageSize: PAGE_SIZE, pageToken };
      const page = await this.#call(options, false).unary((given) =>
        this.#connection.models.listModels(request, given),
      );
      models.push(...page.models);
      pageToken = page.nextPageToken;
      if (!pageToken) {
        return models;
      }
    }
  }

  /** Looks up one model. */
  async getModel(name: string, options: CallOptions = {}): Promise<Model> {
    checkNames(options, CALL_OPTIONS, "option");
    const call = this.#call(options, false);
    const { model } = await call.unary((given) => this.#connection.models.getModel({ name }, given));
    return model ?? create(ModelSchema);
  }

  /** Asks whether the server takes calls, with this client's key. Default of timeoutMs: 10,000. */
  async ping(options: CallOptions = {}): Promise<Pong> {
    checkNames(options, CALL_OPTIONS, "option");
    const call = this.#call({ timeoutMs: PING_MS, ...options }, false);
    let version = "";
    const onHeader = (headers: Headers) => {
      version = headers.get("x-imagewire-version") ?? "";
    };
    await call.unary((given) => this.#connection.models.listModels({ pageSize: 1 }, { ...given, onHeader }));
    const begun = performance.now();
    const { status } = await call.unary((given) => createClient(Health, this.#transport).check({}, given));
    const word = HealthCheckResponse_ServingStatus[status] as Pong["status"] | undefined;
    return { status: word ?? "UNKNOWN", version, ms: performance.now() - begun };
  }

  /** Closes the client. Calls that run are cancelled, and throw Cancelled. */
  close(): void {
    this.#closing.abort();
  }

  /** Closes the client, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #streaming(
    given: MessageInitShape<typeof SpecSchema>,
    options: DrawCallOptions & { maxFrameBytes?: number | undefined },
  ): Asking {
    checkNames(options, [...DRAW_CALL, ...FRAMES], "option");
    const spec = make(SpecSchema, given, "spec");
    const maxFrameBytes = this.#frame(options.maxFrameBytes ?? 0);
    return this.#asking(make(StreamCompletionRequestSchema, { spec, maxFrameBytes, batch: true }), options);
  }

  #asking(request: CreateCompletionRequest | StreamCompletionRequest, options: DrawCallOptions): Asking {
    const { requestId = "", onDisconnect, cacheTtlMs } = options;
    if (onDisconnect !== undefined) {
      const choices = { keep: OnDisconnect.KEEP, cancel: OnDisconnect.CANCEL };
      if (!Object.hasOwn(choices, onDisconnect)) {
        throw invalid("onDisconnect", 'must be "keep" or "cancel"');
      }
      request.onDisconnect = choices[onDisconnect];
    }
    if (cacheTtlMs !== undefined) {
      if (!Number.isInteger(cacheTtlMs) || cacheTtlMs < 0) {
        throw invalid("cacheTtlMs", "must be a whole number of milliseconds of at least 0");
      }
      request.cacheTtl = durationFromMs(cacheTtlMs);
    }
    return new Asking(this.#call(options, true), request, checkedUuid(requestId));
  }

  #resuming(id: AnswerId, options: ResumeOptions): Asking {
    checkNames(options, [...CALL_OPTIONS, "afterSequence", "offset", "maxFrameBytes", "keepBytes"], "option");
    checkNames(id, ["completionId", "requestId"], "name of an answer");
    const { completionId = "", requestId = "" } = id;
    if ((completionId === "") === (checkedUuid(requestId) === "")) {
      throw invalid("completionId", "is needed, or requestId, and not both: name the answer by one of them");
    }
    const { afterSequence = 0, offset = 0, maxFrameBytes = 0 } = options;
    for (const [name, value] of Object.entries({ afterSequence, offset })) {
      if (!Number.isSafeInteger(value) || value < 0) {
        throw invalid(name, "must be a whole number of at least 0");
      }
    }
    const request = make(ResumeCompletionRequestSchema, {
      id: completionId ? { case: "completionId", value: completionId } : { case: "requestId", value: requestId },
      afterSequence: BigInt(afterSequence),
      offset: BigInt(offset),
      maxFrameBytes: this.#frame(maxFrameBytes),
    });
    return new Asking(this.#call(options, false), request);
  }

  /** The most bytes of a picture in a message, 0 for the server's default. Throws InvalidRequest for too many. */
  #frame(asked: number): number {
    const most = Math.floor(this.#connection.maxMessageBytes / 2);
    if (asked > most) {
      throw invalid("maxFrameBytes", `must be at most ${most}, half of maxMessageBytes; ask for less, or raise that`);
    }
    return asked || largestFrame(this.#connection.maxMessageBytes);
  }

  #call(options: CallOptions, draws: boolean): Call {
    return new Call(this.#connection, options, draws);
  }
}

function allDrawNames(): string[] {
  return [...DRAW, ...OPTIONS];
}

function only<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]])) as Pick<
    T,
    K
  >;
}

function checkedUuid(requestId: string): string {
  if (typeof requestId !== "string" || (requestId !== "" && !UUID.test(requestId))) {
    throw invalid("requestId", "must be a UUID, such as crypto.randomUUID()");
  }
  return requestId;
}

function named(imageId: string): string {
  if (typeof imageId !== "string" || imageId === "") {
    throw invalid("imageId", "is empty: give the picture's imageId");
  }
  return imageId;
}
