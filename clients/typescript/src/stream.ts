/** An answer while it arrives. */
import { Answer, type Part, partOf } from "./answer.js";
import type { Asking } from "./asking.js";
import { Events } from "./call.js";
import { NoPicture } from "./errors.js";
import { Fold } from "./fold.js";
import type { StreamCompletionResponse } from "./gen/imagewire/v1/chat_service_pb.js";

/** What one step of an answer brought. part: the index of the part that it belongs to. */
export type AnswerEvent =
  /** The model has begun to answer. id: of the answer, by which it can be resumed if isKept. */
  | { type: "started"; id: string; model: string; isKept: boolean }
  /** More text. thought: as far as known; a finished part is known to be one or not. */
  | { type: "text"; text: string; part: number; thought: boolean; sequence: number }
  /** More bytes of a file, and where they belong in it. They are checked when its part is whole. */
  | { type: "data"; data: Uint8Array; offset: number; part: number; thought: boolean; sequence: number }
  /** A part is whole, the size and SHA-256 of its file checked. */
  | { type: "part"; value: Part; part: number; sequence: number }
  /** The answer is whole. */
  | { type: "finished"; answer: Answer };

/**
 * An answer while it arrives: for `for await`, which yields its events; or for one of `answer` and `picture`.
 *
 * Nothing is asked before it is read. It can be read once, and to leave the loop cancels the call.
 */
export class AnswerStream implements AsyncIterable<AnswerEvent> {
  readonly #asking: Asking;
  readonly #settle: (answer: Answer) => void;
  readonly #partial: boolean;
  #keepBytes: boolean;
  #read = false;

  /** partial: whether the answer's beginning is not asked for. settle: is told of the whole answer. */
  constructor(asking: Asking, keepBytes: boolean, partial = false, settle: (answer: Answer) => void = () => undefined) {
    this.#asking = asking;
    this.#keepBytes = keepBytes;
    this.#partial = partial;
    this.#settle = settle;
  }

  /** The id of the call in the server's log. */
  get requestId(): string {
    return this.#asking.call.requestId;
  }

  /** Yields the events of the answer's first candidate. To return from it ends the call at once. */
  [Symbol.asyncIterator](): AsyncGenerator<AnswerEvent, void, undefined> {
    return new Events(this.#asking.call, this.#events());
  }

  async *#events(): AsyncGenerator<AnswerEvent, void, undefined> {
    if (this.#read) {
      throw new Error("the stream was read already: an answer is drawn for one reader; ask again, or resume it");
    }
    this.#read = true;
    const fold = new Fold(this.#keepBytes);
    const thoughts = new Map<number, boolean>();
    for await (const message of this.#asking.events()) {
      const event = eventOf(message, fold, thoughts);
      if (event !== undefined) {
        yield event;
      }
    }
    const answer = new Answer(fold.message, this.#asking.call);
    this.#settle(answer);
    yield { type: "finished", answer };
  }

  /** Reads to the end. Returns the whole answer. */
  async answer(): Promise<Answer> {
    if (this.#partial) {
      throw new Error("answer: the stream begins behind the answer's beginning; resume it without afterSequence");
    }
    for await (const event of this) {
      if (event.type === "finished") {
        return event.answer;
      }
    }
    throw new Error("the stream was left");
  }

  /**
   * The bytes of the answer's picture, the first that is no draft, while they arrive. They are not kept.
   *
   * The stream fails where the picture is damaged, where there is none (Blocked, NoPicture), and where the answer is not
   * whole; so nothing of it is to be used before its end. It fails as NoPicture with the reason "DRAFT" where the picture
   * turns out to be a draft, which may be known only at its end: read the events of such answers. To cancel the stream
   * cancels the call.
   */
  picture(): ReadableStream<Uint8Array> {
    this.#keepBytes = false;
    const events = this[Symbol.asyncIterator]();
    const { call } = this.#asking;
    const none = (message: string, reason = "") =>
      new NoPicture(message, { code: "NO_PICTURE", reason, requestId: call.requestId, charged: true });
    let id = "";
    let chosen: number | undefined;
    let isLeft = false;
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          for (;;) {
            const { value: event, done } = await events.next();
            if (done) {
              if (!isLeft) {
                controller.close();
              }
              return;
            }
            if (event.type === "data" && !event.thought) {
              chosen ??= event.part;
              if (chosen === event.part) {
                controller.enqueue(event.data);
                return;
              }
            } else if (event.type === "started") {
              id = event.id;
            } else if (event.type === "part" && event.part === chosen && event.value.image?.thought !== false) {
              await events.return();
              throw none(
                "what was written is a draft of the model's thinking, or no picture: read the stream's events, or" +
                  ` getCompletion({ completionId: ${JSON.stringify(id)} })`,
                "DRAFT",
              );
            } else if (event.type === "finished" && chosen === undefined) {
              const { uri } = event.answer.requireImage();
              throw none(`the picture's bytes were not sent${uri && `: it is at ${uri}`}`);
            }
          }
        },
        async cancel() {
          isLeft = true;
          await events.return();
        },
      },
      { highWaterMark: 0 },
    );
  }
}

function eventOf(
  message: StreamCompletionResponse,
  fold: Fold,
  thoughts: Map<number, boolean>,
): AnswerEvent | undefined {
  const finished = fold.add(message);
  const { event } = message;
  const sequence = Number(message.sequence);
  if (event.case === "started") {
    const { completionId, model, expireTime } = event.value;
    return { type: "started", id: completionId, model, isKept: expireTime !== undefined };
  }
  if (event.value === undefined || !("partIndex" in event.value) || event.value.candidateIndex !== 0) {
    return undefined;
  }
  const part = event.value.partIndex;
  const thought = thoughts.get(part) ?? false;
  switch (event.case) {
    case "partStarted":
      thoughts.set(part, event.value.thought);
      return undefined;
    case "textDelta":
      return { type: "text", text: event.value.text, part, thought, sequence };
    case "imageChunk":
    case "mediaChunk":
      return { type: "data", data: event.value.data, offset: Number(event.value.offset), part, thought, sequence };
    case "partFinished":
      return finished && { type: "part", value: partOf(finished), part, sequence };
  }
}
