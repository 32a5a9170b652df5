/**
 * One answer that is asked for: drawn once, and read to its end over any connections.
 *
 * Each drawing has a request_id, so that its request can be sent again where the connection broke: a server that keeps
 * answers joins what it draws already, and one that keeps none refuses the id before it draws. An answer that has begun is
 * resumed behind the last byte that came.
 */
import { create } from "@bufbuild/protobuf";
import type { CallOptions as ConnectOptions } from "@connectrpc/connect";
import { type Call, messagesOf } from "./call.js";
import { AnswerTooLarge, Cancelled, DeadlineExceeded, ImagewireError } from "./errors.js";
import {
  type CreateCompletionRequest,
  type CreateCompletionResponse,
  type ResumeCompletionRequest,
  ResumeCompletionRequestSchema,
  type ResumeCompletionResponse,
  type StreamCompletionRequest,
  type StreamCompletionResponse,
} from "./gen/imagewire/v1/chat_service_pb.js";
import type { Failure } from "./status.js";
import { download, largestFrame, NamedPictures, SMALL_FRAME } from "./store.js";
import { checkAnswer, Verifier } from "./verify.js";

type Drawn = CreateCompletionRequest | StreamCompletionRequest;

/** A server without a store says nothing about what another one may have drawn. */
const WITHOUT_STORE = new Set(["KEEP_OFF", "STORE_UNAVAILABLE"]);

/** How an answer is asked for, again where that costs nothing. */
export class Asking {
  readonly call: Call;
  #request: Drawn | ResumeCompletionRequest;
  readonly #verifier: Verifier;
  readonly #ownId: boolean;
  readonly #named: NamedPictures | undefined;
  #position: { sequence: number; offset: number };
  #broken: ImagewireError | undefined;

  /** request: of this call alone; its spec may be changed. requestId: the caller's own, "" for a new one. */
  constructor(call: Call, request: Drawn | ResumeCompletionRequest, requestId = "") {
    this.call = call;
    this.#request = request;
    this.#ownId = requestId === "";
    const resumed = isResume(request);
    this.#verifier = resumed ? new Verifier(Number(request.afterSequence), Number(request.offset)) : new Verifier();
    this.#position = this.#verifier.position;
    if (!isResume(request)) {
      const { keepOff } = call.connection;
      request.requestId = requestId || (keepOff ? "" : call.id);
      if (!keepOff && request.spec) {
        request.spec = ownCopy(request.spec);
        this.#named = new NamedPictures(request.spec);
      }
    }
  }

  /** Yields the events of the answer, each one checked. To leave the loop cancels the call. */
  async *events(): AsyncGenerator<StreamCompletionResponse, void, undefined> {
    for (;;) {
      await this.#upload();
      const { options, end } = this.call.attempt();
      let wait: number | undefined;
      try {
        for await (const message of messagesOf(this.#begin(options), end)) {
          const first = message.$typeName === "imagewire.v1.ResumeCompletionResponse" ? message.event : message;
          for (const event of first ? [first, ...first.more] : []) {
            this.#verifier.check(event);
            yield event;
          }
        }
        this.#verifier.close();
        return;
      } catch (reason) {
        wait = this.#delay(reason);
      } finally {
        end();
      }
      if (wait === undefined) {
        return;
      }
      await this.call.pause(wait);
    }
  }

  /** Asks for a whole answer, and gets the pictures that came by their ids. Each is checked. */
  async create(): Promise<CreateCompletionResponse> {
    for (;;) {
      await this.#upload();
      const { options, end } = this.call.attempt();
      let wait: number;
      try {
        const { chat } = this.call.connection;
        return await this.#whole(await chat.createCompletion(this.#request as CreateCompletionRequest, options));
      } catch (reason) {
        wait = this.#delay(reason) ?? 0;
      } finally {
        end();
      }
      await this.call.pause(wait);
    }
  }

  /** The answer with its pictures that came by their ids. It is drawn, whatever becomes of them. */
  async #whole(answer: CreateCompletionResponse): Promise<CreateCompletionResponse> {
    const frame = largestFrame(this.call.connection.maxMessageBytes);
    for (const { message } of answer.candidates) {
      const parts = (message?.parts ?? []).map(({ content }) => (content.case === "image" ? content.value : undefined));
      for (const image of [message?.image, ...parts]) {
        if (image?.source.case === "imageId") {
          const { data } = await download(this.call, image.source.value, 0, frame, image).catch((error: unknown) => {
            throw this.#drawn(error);
          });
          image.source = { case: "data", value: data };
        }
      }
    }
    checkAnswer(answer);
    answer.candidates.sort((one, other) => one.index - other.index);
    return answer;
  }

  #drawn(error: unknown): unknown {
    if (!(error instanceof ImagewireError)) {
      return error;
    }
    const message = `${error.message}; the picture is drawn${this.#atNoCost()}`;
    return Object.assign(error, { message, charged: true, retryable: false });
  }

  /** How to get an answer that was drawn. */
  #atNoCost(): string {
    if (isResume(this.#request) || !this.#request.requestId) {
      return "";
    }
    const get = `getCompletion({ requestId: ${JSON.stringify(this.#request.requestId)} })`;
    return `; while the server keeps the answer, ${get} gets it at no cost`;
  }

  #begin(options: ConnectOptions): AsyncIterable<StreamCompletionResponse | ResumeCompletionResponse> {
    const { chat } = this.call.connection;
    return isResume(this.#request)
      ? chat.resumeCompletion(this.#request, options)
      : chat.streamCompletion(this.#request as StreamCompletionRequest, options);
  }

  async #upload(): Promise<void> {
    try {
      await this.#named?.upload(this.call, () => {
        this.call.connection.keepOff = true;
        this.#withoutStore();
      });
    } catch (error) {
      throw error instanceof Cancelled ? error : (this.#broken ?? error);
    }
  }

  /** Milliseconds to wait before the next attempt, undefined where nothing is missing. Throws the error as ours. */
  #delay(reason: unknown): number | undefined {
    const failed = this.call.failure(reason);
    const { error, broke } = failed;
    const late = error instanceof DeadlineExceeded && error.reason === "";
    if ((broke || late) && this.#verifier.isFinished) {
      return undefined;
    }
    if (this.#changed(error)) {
      return 0;
    }
    const free = broke && this.#goOn(failed);
    try {
      return this.call.delay(failed, this.#verifier.begun && !isResume(this.#request), free);
    } catch (last) {
      if (last instanceof AnswerTooLarge) {
        last.message += this.#atNoCost();
        throw last;
      }
      if (this.#broken === undefined) {
        throw last;
      }
      // What was sent before the connection broke may have been drawn, whatever became of the attempts since.
      const known = error.reason !== "" && !WITHOUT_STORE.has(error.reason);
      const { draws } = this.call;
      const told = known || last instanceof DeadlineExceeded ? (last as ImagewireError) : this.#broken;
      throw draws ? Object.assign(told, { charged: true, retryable: false }) : told;
    }
  }

  /** Changes the request to what the server takes. Returns whether it did. */
  #changed(error: ImagewireError): boolean {
    if (isResume(this.#request)) {
      return false;
    }
    if (WITHOUT_STORE.has(error.reason)) {
      if (!this.#ownId || this.#request.requestId === "" || this.#broken !== undefined) {
        return false;
      }
      this.call.connection.keepOff ||= error.reason === "KEEP_OFF";
      this.#withoutStore();
      return true;
    }
    return error.reason === "IMAGE_NOT_FOUND" && (this.#named?.lacks(error.metadata.missing ?? "") ?? false);
  }

  /** Sends all of it with the request. A request_id of the caller's own stays, for the server to refuse. */
  #withoutStore(): void {
    this.#named?.putBack();
    if (this.#ownId && !isResume(this.#request)) {
      this.#request.requestId = "";
    }
  }

  /** The connection broke. Returns whether the next attempt goes on, with nothing drawn anew. */
  #goOn({ error }: Failure): boolean {
    this.#broken ??= error;
    const request = this.#request;
    if (request.$typeName === "imagewire.v1.CreateCompletionRequest") {
      return request.requestId !== "";
    }
    const { begun, position, isKept, completionId } = this.#verifier;
    if (position.sequence > this.#position.sequence || position.offset > this.#position.offset) {
      this.#position = position;
      this.call.madeProgress();
    } else if (begun) {
      request.maxFrameBytes = SMALL_FRAME;
    }
    const resumed = isResume(request);
    if (!begun || (!resumed && !isKept)) {
      return !begun && (resumed || request.requestId !== "");
    }
    const byRequest = resumed ? "" : request.requestId;
    // By the request_id, where there is one: it knows whether the answer is from the answer cache.
    const id = byRequest
      ? ({ case: "requestId", value: byRequest } as const)
      : ({ case: "completionId", value: completionId } as const);
    this.#request = create(ResumeCompletionRequestSchema, {
      id: resumed ? request.id : id,
      afterSequence: BigInt(position.sequence),
      offset: BigInt(position.offset),
      maxFrameBytes: request.maxFrameBytes,
    });
    return true;
  }
}

function isResume(request: Drawn | ResumeCompletionRequest): request is ResumeCompletionRequest {
  return request.$typeName === "imagewire.v1.ResumeCompletionRequest";
}

/** A copy whose pictures can be changed. The bytes are shared. */
function ownCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(ownCopy) as T;
  }
  const made = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  for (const [name, item] of Object.entries(value)) {
    made[name] = ownCopy<unknown>(item);
  }
  return made as T;
}
