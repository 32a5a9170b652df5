/** One call, apart from what it asks: its id, its time, its attempts, and how they are cancelled. */
import { type CallOptions as ConnectOptions, type Client, encodeBinaryHeader } from "@connectrpc/connect";
import { onAbort } from "./aborting.js";
import { Cancelled, ImagewireError, invalid } from "./errors.js";
import type { ChatService } from "./gen/imagewire/v1/chat_service_pb.js";
import type { ImageService } from "./gen/imagewire/v1/image_service_pb.js";
import type { ModelService } from "./gen/imagewire/v1/model_service_pb.js";
import { newUuid } from "./platform.js";
import { Attempts } from "./retry.js";
import { type Failure, failure } from "./status.js";
import { isObject } from "./strict.js";

/** Metadata of a call: strings, and bytes for names in "-bin". */
export type Metadata = Readonly<Record<string, string | Uint8Array>>;

/** What every call takes. */
export interface CallOptions {
  /** Cancels the call. */
  signal?: AbortSignal | undefined;
  /** Milliseconds for the call, all its attempts together; Infinity for no limit. Default: the client's. */
  timeoutMs?: number | undefined;
  /** Sent with this call, beside the client's. "x-request-id" is the call's id in the server's log. */
  metadata?: Metadata | undefined;
}

/** The names of CallOptions. */
export const CALL_OPTIONS: readonly (keyof CallOptions)[] = ["signal", "timeoutMs", "metadata"];
/** gRPC's header for time has eight digits. */
const LONGEST_MS = 99_999_999;

/** What the calls of one client share. */
export interface Connection {
  readonly target: string;
  readonly chat: Client<typeof ChatService>;
  readonly images: Client<typeof ImageService>;
  readonly models: Client<typeof ModelService>;
  readonly headers: Headers;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly maxMessageBytes: number;
  /** Aborted when the client is closed. */
  readonly closed: AbortSignal;
  /** Whether the server said that it keeps nothing. */
  keepOff: boolean;
}

/** The time of a call. Throws InvalidRequest for what is no time. */
export function checkedTimeout(timeoutMs: number): number {
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0) || (timeoutMs > LONGEST_MS && timeoutMs !== Infinity)) {
    throw invalid("timeoutMs", `must be a number of milliseconds over 0, at most ${LONGEST_MS}, or Infinity`);
  }
  return timeoutMs;
}

/** What cancels a call. Throws InvalidRequest for what is no signal, such as its controller. */
function checkedSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof EventTarget)) {
    throw invalid("signal", "must be an AbortSignal, such as that of an AbortController");
  }
  return signal;
}

/** Metadata as headers. Throws InvalidRequest for what gRPC cannot send. */
export function headersOf(metadata: Metadata): Headers {
  const headers = new Headers();
  if (!isObject(metadata)) {
    throw invalid("metadata", "must be an object of names and values");
  }
  for (const [name, value] of Object.entries(metadata)) {
    const binary = name.endsWith("-bin");
    const sound = binary ? value instanceof Uint8Array : typeof value === "string" && /^[ -~]*$/.test(value);
    if (!/^[a-z0-9_.-]+$/.test(name) || !sound) {
      const rule = "must be names of a-z, 0-9, -, _ and ., with printable ASCII as values, bytes for names in -bin";
      throw invalid(`metadata.${name}`, rule);
    }
    headers.set(name, typeof value === "string" ? value : encodeBinaryHeader(value));
  }
  return headers;
}

/** A call and its attempts. */
export class Call {
  readonly connection: Connection;
  /** Whether it may be charged. */
  readonly draws: boolean;
  /** A UUID for this call alone. */
  readonly id = newUuid();
  /** The call's id in the server's log. */
  requestId: string;
  /** What the server said behind a good answer. */
  trailers = new Headers();
  readonly #headers: Headers;
  readonly #attempts: Attempts;
  readonly #signal: AbortSignal | undefined;
  readonly #left = new AbortController();
  /** All that may end the call. */
  readonly #signals: readonly AbortSignal[];
  #begun = false;

  constructor(connection: Connection, options: CallOptions, draws: boolean) {
    this.connection = connection;
    this.draws = draws;
    this.#signal = checkedSignal(options.signal);
    this.#signals = [connection.closed, this.#left.signal, ...(options.signal ? [options.signal] : [])];
    const timeoutMs = options.timeoutMs === undefined ? connection.timeoutMs : checkedTimeout(options.timeoutMs);
    this.#attempts = new Attempts(connection.retries, timeoutMs);
    this.#headers = new Headers(connection.headers);
    headersOf(options.metadata ?? {}).forEach((value, name) => {
      this.#headers.set(name, value);
    });
    this.requestId = this.#headers.get("x-request-id") ?? this.id;
    this.#headers.set("x-request-id", this.requestId);
    this.checkOpen();
  }

  /** Ends the call at once, whatever it waits for. */
  cancel(): void {
    this.#left.abort();
  }

  /** Throws Cancelled when the caller gave up, or the client was closed. */
  checkOpen(): void {
    const { closed } = this.connection;
    if (this.#signals.some((signal) => signal.aborted)) {
      const what = closed.aborted ? "the client is closed" : "the call was cancelled";
      const begun = this.#begun && this.draws;
      const bill = begun ? ": what was asked may have been drawn and charged" : "";
      const cause: unknown = closed.aborted ? undefined : this.#signal?.reason;
      throw new Cancelled(what + bill, { code: "CANCELLED", requestId: this.requestId, charged: begun, cause });
    }
  }

  /** Makes an attempt. `end` must be called when it is over: it cancels what still runs. */
  attempt(): { options: ConnectOptions; end: () => void } {
    this.checkOpen();
    this.#begun = true;
    const controller = new AbortController();
    const unheard = onAbort(this.#signals, () => {
      controller.abort();
    });
    const end = () => {
      unheard();
      controller.abort();
    };
    const left = this.#attempts.left();
    const options: ConnectOptions = {
      signal: controller.signal,
      headers: this.#headers,
      onTrailer: (trailers) => {
        this.trailers = trailers;
        this.requestId = trailers.get("x-imagewire-request-id") ?? this.requestId;
      },
    };
    // Connect takes 0 for no limit.
    return { options: left === Infinity ? options : { ...options, timeoutMs: Math.max(1, Math.ceil(left)) }, end };
  }

  /** What an attempt failed of; draws: whether it may be charged. Throws errors of ours as they are, and Cancelled. */
  failure(reason: unknown, draws = this.draws): Failure {
    if (reason instanceof ImagewireError) {
      throw reason;
    }
    this.checkOpen();
    return failure(reason, this.connection.target, this.requestId, draws, this.#attempts.left() <= 0);
  }

  /** More of the answer has come. */
  madeProgress(): void {
    this.#attempts.madeProgress();
  }

  /** Milliseconds to wait before the next attempt; see Attempts. */
  delay(failed: Failure, begun: boolean, free: boolean): number {
    return this.#attempts.delay(failed, begun, free);
  }

  /** Waits, unless the caller gives up. */
  async pause(ms: number): Promise<void> {
    if (ms > 0) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          unheard();
          resolve();
        };
        const timer = setTimeout(done, ms);
        const unheard = onAbort(this.#signals, done);
      });
    }
    this.checkOpen();
  }

  /** Makes the call, or a part of it, that draws nothing, and repeats it where the connection breaks. */
  async unary<T>(method: (options: ConnectOptions) => Promise<T>): Promise<T> {
    for (;;) {
      const { options, end } = this.attempt();
      let wait: number;
      try {
        return await method(options);
      } catch (reason) {
        const failed = this.failure(reason, false);
        wait = this.delay(failed, false, failed.broke);
      } finally {
        end();
      }
      await this.pause(wait);
    }
  }
}

/** A call's events. To return from them ends the call at once: a generator would return when its next event has come. */
export class Events<T> implements AsyncGenerator<T, void, undefined> {
  readonly #call: Call;
  readonly #inner: AsyncGenerator<T, void, undefined>;
  #awaited = 0;
  #left = false;

  constructor(call: Call, inner: AsyncGenerator<T, void, undefined>) {
    this.#call = call;
    this.#inner = inner;
  }

  async next(): Promise<IteratorResult<T, void>> {
    this.#awaited += 1;
    try {
      return await this.#inner.next();
    } catch (error) {
      if (this.#left && error instanceof Cancelled) {
        return { done: true, value: undefined };
      }
      throw error;
    } finally {
      this.#awaited -= 1;
    }
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.#leave();
    return this.#inner.return();
  }

  async throw(error: unknown): Promise<IteratorResult<T, void>> {
    this.#leave();
    return this.#inner.throw(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #leave(): void {
    if (this.#awaited > 0) {
      this.#left = true;
      this.#call.cancel();
    }
  }
}

/** The messages of an attempt's stream. To leave the loop ends the attempt first: connect would wait for the next one. */
export async function* messagesOf<T>(stream: AsyncIterable<T>, end: () => void): AsyncGenerator<T, void, undefined> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      yield next.value;
    }
  } finally {
    end();
    // Connect lets go of its timer when it is asked for more.
    iterator.next().catch(() => undefined);
  }
}
