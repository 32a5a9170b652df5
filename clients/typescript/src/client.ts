/** The client, for any of connect's transports: gRPC, gRPC-Web or Connect. */
import { create, type JsonValue, type MessageInitShape } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import { Answer } from "./answer.js";
import { Asking } from "./asking.js";
import { Call, CALL_OPTIONS, type CallOptions, checkedTimeout, type Connection, Events } from "./call.js";
import { Chat } from "./chat.js";
import { CorruptAnswer, invalid } from "./errors.js";
import {
  ChatService,
  type CreateCompletionRequest,
  CreateCompletionRequestSchema,
  type CreateCompletionResponse,
  type StreamCompletionRequest,
  StreamCompletionRequestSchema,
  type StreamCompletionResponse,
} from "./gen/imagewire/v1/chat_service_pb.js";
import { ImageService } from "./gen/imagewire/v1/image_service_pb.js";
import { type Model, ModelSchema, ModelService } from "./gen/imagewire/v1/model_service_pb.js";
import { SpecSchema } from "./gen/imagewire/v1/spec_pb.js";
import { Health, HealthCheckResponse_ServingStatus } from "./gen/grpc/health/v1/health_pb.js";
import { image, Image, type Picture } from "./image.js";
import { buildSpec, OPTIONS, prompted } from "./options.js";
import {
  type AnswerId,
  type BaseOptions,
  type ChatOptions,
  checkCounts,
  checkedUuid,
  checkOptions,
  DRAW,
  DRAW_CALL,
  type DrawCallOptions,
  type DrawOptions,
  FRAMES,
  headersOfAll,
  named,
  RESUME,
  resumeRequest,
  type ResumeOptions,
  setHow,
  type StreamOptions,
} from "./parameters.js";
import { sha256Of } from "./platform.js";
import { RETRIES } from "./retry.js";
import { download, largestFrame, upload } from "./store.js";
import { AnswerStream } from "./stream.js";
import { checkNames, make } from "./strict.js";
import { same } from "./verify.js";

/** A server that answered. */
export interface Pong {
  /** "SERVING", or "NOT_SERVING" while the server starts or stops. */
  readonly status: keyof typeof HealthCheckResponse_ServingStatus;
  /** The server's version; "" when it did not say. */
  readonly version: string;
  /** How long one round trip took. */
  readonly ms: number;
}

const MARGIN = 1024 * 1024;
const PAGE_SIZE = 1000;
const PING_MS = 10_000;

/** A client of one server, for any number of calls at once. Close it when you are done. */
export class Client implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #transport: Transport;
  readonly #closing = new AbortController();

  /** target: for messages. transport: one that speaks gRPC, gRPC-Web or Connect. */
  constructor(target: string, transport: Transport, options: BaseOptions = {}) {
    const maxMessageBytes = checkOptions(options, []);
    this.#transport = transport;
    this.#connection = {
      target,
      chat: createClient(ChatService, transport),
      images: createClient(ImageService, transport),
      models: createClient(ModelService, transport),
      headers: headersOfAll(options),
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
    checkNames(options, [...DRAW, ...OPTIONS], "option");
    return (await this.stream(prompt, { ...options }).answer()).requireImage();
  }

  /** Draws, and returns the answer while it arrives. Nothing is sent before it is read. */
  stream(prompt: string, options: StreamOptions = {}): AnswerStream {
    checkNames(options, [...DRAW, ...FRAMES, ...OPTIONS], "option");
    const { model, images } = options;
    const spec = buildSpec(model, [prompted(prompt, images)], options, [...DRAW, ...FRAMES]);
    return new AnswerStream(this.#streaming(spec, options), options.keepBytes ?? true);
  }

  /** Starts a chat. Nothing is sent yet. */
  chat(options: ChatOptions = {}): Chat {
    checkNames(options, ["model", "messages", ...OPTIONS], "option");
    const { model, messages = [] } = options;
    if (!Array.isArray(messages)) {
      throw invalid("messages", "must be an array");
    }
    return new Chat(this, buildSpec(model, [...messages], options, ["model", "messages"]));
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
    checkNames(options, [...DRAW_CALL, ...FRAMES], "option");
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
    checkNames(options, [...DRAW_CALL, ...FRAMES], "option");
    const asking = this.#streaming(spec, options);
    return new Events(asking.call, asking.events());
  }

  /**
   * Reads an answer again that the server keeps, while it is drawn or long after. Nothing is drawn anew.
   *
   * Behind `afterSequence`, of an event's `sequence`, only what follows is read; a file whose beginning was not is
   * checked by its size alone.
   */
  resume(id: AnswerId, options: ResumeOptions = {}): AnswerStream {
    checkNames(options, RESUME, "option");
    const { afterSequence = 0, offset = 0, keepBytes = true } = options;
    const request = resumeRequest(id, options, this.#frame(options.maxFrameBytes ?? 0));
    return new AnswerStream(
      new Asking(this.#call(options, false), request),
      keepBytes,
      afterSequence > 0 || offset > 0,
    );
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
    const sha256 = sha256Of(data);
    const kept = await upload(this.#call(options, false), data, mimeType, sha256);
    if (kept.source.case !== "imageId" || !same(kept.sha256, sha256)) {
      throw new CorruptAnswer("the server names no picture, or another one than was uploaded", { charged: false });
    }
    return new Image(kept, data);
  }

  /** Gets a picture that the server keeps. offset: the first byte that is wanted. Default: 0. */
  async download(imageId: string, options: CallOptions & { offset?: number | undefined } = {}): Promise<Image> {
    checkNames(options, [...CALL_OPTIONS, "offset"], "option");
    const { offset = 0 } = options;
    checkCounts({ offset });
    const got = await download(this.#call(options, false), named(imageId), offset, this.#frame(0));
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
    const call = this.#call(options, false);
    const models: Model[] = [];
    for (let pageToken = ""; ;) {
      const request = { pageSize: PAGE_SIZE, pageToken };
      const page = await call.unary((given) => this.#connection.models.listModels(request, given));
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
    if (typeof name !== "string") {
      throw invalid("name", "must be a string: the model's name");
    }
    const call = this.#call(options, false);
    const { model } = await call.unary((given) => this.#connection.models.getModel({ name }, given));
    return model ?? create(ModelSchema);
  }

  /** Asks whether the server takes calls, with this client's key. Default of timeoutMs: 10,000. */
  async ping(options: CallOptions = {}): Promise<Pong> {
    checkNames(options, CALL_OPTIONS, "option");
    const call = this.#call({ ...options, timeoutMs: options.timeoutMs ?? PING_MS }, false);
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
    const spec = make(SpecSchema, given, "spec");
    const maxFrameBytes = this.#frame(options.maxFrameBytes ?? 0);
    return this.#asking(make(StreamCompletionRequestSchema, { spec, maxFrameBytes, batch: true }), options);
  }

  #asking(request: CreateCompletionRequest | StreamCompletionRequest, options: DrawCallOptions): Asking {
    setHow(request, options);
    return new Asking(this.#call(options, true), request, checkedUuid(options.requestId ?? ""));
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
