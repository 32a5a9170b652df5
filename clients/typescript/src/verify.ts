/** Checks events and answers. What is cut, damaged or out of order is an error, never a shorter picture. */
import { CorruptAnswer } from "./errors.js";
import {
  type CreateCompletionResponse,
  type ImageChunk,
  type MediaChunk,
  type PartFinished,
  PartKind,
  type StreamCompletionResponse,
} from "./gen/imagewire/v1/chat_service_pb.js";
import type { Image } from "./gen/imagewire/v1/image_pb.js";
import type { Media } from "./gen/imagewire/v1/message_pb.js";
import { type Hash, platform, sha256Of } from "./platform.js";

const TEXTS: readonly PartKind[] = [PartKind.TEXT];
/** Whether it is a picture or other media may be known only at its end. */
const FILES: readonly PartKind[] = [PartKind.IMAGE, PartKind.MEDIA];
const CONTENTS: Partial<Record<PartKind, readonly (string | undefined)[]>> = {
  [PartKind.TEXT]: [undefined],
  [PartKind.IMAGE]: ["image", "media"],
  [PartKind.MEDIA]: ["image", "media"],
  [PartKind.FUNCTION_CALL]: ["functionCall"],
  [PartKind.NATIVE]: ["native"],
};

/** An open part. hash: undefined where its beginning was not seen, and neither were all its bytes. */
interface Open {
  readonly kind: PartKind | undefined;
  readonly index: number;
  size: number;
  readonly hash: Hash | undefined;
}

/** Whether two are the same bytes. */
export function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/**
 * Checks a stream's events one by one, keeping none of their bytes. Throws CorruptAnswer.
 *
 * Events and kinds of parts that a newer server adds are accepted. All others must be as the contract says.
 */
export class Verifier {
  #sequence: number;
  readonly #resumed: number | undefined;
  readonly #open = new Map<number, Open | undefined>();
  readonly #count = new Map<number, number>();
  readonly #ended = new Set<number>();
  #last: Open | undefined;
  #offset: number;
  completionId = "";
  isKept = false;
  isFinished = false;

  /** after: the last event that the caller has, 0 for none. offset: how many bytes it has of the file it began. */
  constructor(after = 0, offset = 0) {
    this.#sequence = after;
    this.#offset = offset;
    this.#resumed = after > 0 ? after : undefined;
  }

  /** Whether anything but heartbeats has come. */
  get begun(): boolean {
    return this.#sequence > (this.#resumed ?? 0) || (this.#last?.size ?? 0) > 0;
  }

  /** The number of the last event, and how many bytes have come of the file that it began. */
  get position(): { sequence: number; offset: number } {
    return { sequence: this.#sequence, offset: this.#last?.size ?? this.#offset };
  }

  /** Checks the next event. */
  check({ sequence, event }: StreamCompletionResponse): void {
    if (event.case === "heartbeat") {
      return;
    }
    if (this.isFinished) {
      throw new CorruptAnswer("the stream went on after its last event");
    }
    const numbered = event.case !== "imageChunk" && event.case !== "mediaChunk";
    const due = this.#sequence + (numbered ? 1 : 0);
    if (Number(sequence) !== due) {
      throw new CorruptAnswer(`event ${due} is missing: number ${sequence.toString()} came in its place`);
    }
    if ((event.case === "started") !== (this.#sequence === 0)) {
      throw new CorruptAnswer(`event ${due} is ${event.case ?? "unknown"}: a stream has one start, and it comes first`);
    }
    if (numbered) {
      this.#last = undefined;
      this.#offset = 0;
    }
    this.#sequence = due;
    switch (event.case) {
      case "started":
        this.completionId = event.value.completionId;
        this.isKept = event.value.expireTime !== undefined;
        break;
      case "partStarted":
        this.#start(event.value.candidateIndex, event.value.partIndex, event.value.kind);
        break;
      case "textDelta":
        this.#within(event.value.candidateIndex, event.value.partIndex, TEXTS);
        break;
      case "imageChunk":
      case "mediaChunk":
        this.#chunk(event.value);
        break;
      case "partFinished":
        this.#finish(event.value);
        break;
      case "candidateFinished":
        this.#end(event.value.candidateIndex);
        break;
      case "finished":
        for (const candidate of this.#open.keys()) {
          if (!this.#ended.has(candidate)) {
            throw new CorruptAnswer(`the stream ended inside candidate ${candidate}`);
          }
        }
        this.isFinished = true;
    }
  }

  /** Checks that the stream may end here. */
  close(): void {
    if (!this.isFinished) {
      throw new CorruptAnswer("the stream ended before its last event: the answer is not whole");
    }
  }

  #start(candidate: number, index: number, kind: PartKind): void {
    const due = this.#count.get(candidate) ?? (this.#resumed === undefined ? 0 : index);
    if (this.#ended.has(candidate) || this.#open.get(candidate) !== undefined || index !== due) {
      throw new CorruptAnswer(`part ${index} of candidate ${candidate} began out of order`);
    }
    this.#last = { kind, index, size: 0, hash: platform.hash() };
    this.#open.set(candidate, this.#last);
  }

  /** The open part, which must have this index and one of these kinds. */
  #within(candidate: number, index: number, kinds?: readonly PartKind[]): Open {
    let part = this.#open.get(candidate);
    if (part === undefined && this.#resumed !== undefined && !this.#count.has(candidate)) {
      // It began before the events that were asked for.
      this.#last = part = { kind: undefined, index, size: this.#offset, hash: undefined };
      this.#open.set(candidate, part);
    }
    if (part?.index !== index || (kinds && part.kind !== undefined && !kinds.includes(part.kind))) {
      throw new CorruptAnswer(`something came for part ${index} of candidate ${candidate}, which is not open for it`);
    }
    return part;
  }

  #chunk(chunk: ImageChunk | MediaChunk): void {
    const part = this.#within(chunk.candidateIndex, chunk.partIndex, FILES);
    if (Number(chunk.offset) !== part.size) {
      throw new CorruptAnswer(`a part's bytes go on at ${chunk.offset.toString()} where ${part.size} was due`);
    }
    part.size += chunk.data.length;
    part.hash?.update(chunk.data);
  }

  #finish(finished: PartFinished): void {
    const candidate = finished.candidateIndex;
    const part = this.#within(candidate, finished.partIndex);
    const { content } = finished;
    const allowed = part.kind === undefined ? undefined : CONTENTS[part.kind];
    if (allowed !== undefined && !allowed.includes(content.case)) {
      const began = PartKind[part.kind ?? 0] ?? "";
      throw new CorruptAnswer(`part ${part.index} began as ${began} and ended as ${content.case ?? "text"}`);
    }
    if (content.case === "image" || content.case === "media") {
      checkFile(content.value, part);
    }
    this.#open.set(candidate, undefined);
    this.#count.set(candidate, part.index + 1);
  }

  #end(candidate: number): void {
    if (this.#ended.has(candidate) || this.#open.get(candidate) !== undefined) {
      throw new CorruptAnswer(`candidate ${candidate} ended out of order`);
    }
    this.#open.set(candidate, undefined);
    this.#ended.add(candidate);
  }
}

/** Checks a file whose bytes have all arrived, or which is elsewhere. */
function checkFile(file: Image | Media, part: Open): void {
  if (file.source.case === "uri") {
    if (part.size > 0) {
      throw new CorruptAnswer(`${named(file)} is said to be elsewhere, but has ${part.size} bytes here`);
    }
    return;
  }
  const announced = Number(file.sizeBytes ?? 0n);
  if (part.hash === undefined && part.size === 0) {
    return;
  }
  if (part.size === 0 || part.size !== announced) {
    throw new CorruptAnswer(`${named(file)} has ${part.size} bytes where ${announced} were announced`);
  }
  if (part.hash !== undefined && !same(part.hash.digest(), file.sha256)) {
    throw new CorruptAnswer(`${named(file)} was damaged on its way: its sha256 differs`);
  }
}

/** Checks that the files of a unary answer are there and undamaged. Throws CorruptAnswer. */
export function checkAnswer(answer: CreateCompletionResponse): void {
  for (const { message } of answer.candidates) {
    const final = message?.image;
    if (final) {
      checkWhole(final);
    }
    for (const { content } of message?.parts ?? []) {
      // The part of the final picture refers to it by its SHA-256, and has no bytes.
      const refers =
        content.case === "image" && !content.value.source.case && final && same(content.value.sha256, final.sha256);
      if ((content.case === "image" && !refers) || content.case === "media") {
        checkWhole(content.value);
      }
    }
  }
}

function checkWhole(file: Image | Media): void {
  const { source } = file;
  if (source.case === undefined) {
    throw new CorruptAnswer(
      `${named(file)} is missing: the answer has neither its bytes nor a place to fetch them from`,
    );
  }
  if (
    source.case === "data" &&
    (BigInt(source.value.length) !== file.sizeBytes || !same(sha256Of(source.value), file.sha256))
  ) {
    throw new CorruptAnswer(`${named(file)} was damaged on its way: its size or sha256 differs`);
  }
}

function named(file: Image | Media): string {
  return file.$typeName === "imagewire.v1.Image" ? "a picture" : `a file of type ${file.mimeType}`;
}
