/** Answers: the contract's message, put together of a stream's events, and what is read of it in this language. */
import { create, type JsonObject } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Call } from "./call.js";
import { Blocked, NoPicture } from "./errors.js";
import {
  type Candidate,
  CandidateSchema,
  type CreateCompletionResponse,
  CreateCompletionResponseSchema,
  FinishReason,
  type PartFinished,
  type StreamCompletionResponse,
} from "./gen/imagewire/v1/chat_service_pb.js";
import {
  type ChatMessage,
  type FunctionCall,
  type Media,
  type NativePart,
  PartSchema,
  Role,
} from "./gen/imagewire/v1/message_pb.js";
import type { Part as WirePart } from "./gen/imagewire/v1/message_pb.js";
import type { Usage } from "./gen/imagewire/v1/usage_pb.js";
import { Image } from "./image.js";
import { joined } from "./store.js";
import { same } from "./verify.js";

/** A part of an answer. One of text, image, media, functionCall and native is set. */
export interface Part {
  /** Whether it belongs to the model's thinking. */
  readonly thought: boolean;
  /** The model's opaque proof that it made this part; empty if there is none. */
  readonly signature: Uint8Array;
  readonly text?: string;
  readonly image?: Image;
  readonly media?: Media;
  readonly functionCall?: FunctionCall;
  readonly native?: NativePart;
}

/** The ids of kept pictures whose bytes are here too: the contract's message has but one of both. */
const KEPT = new WeakMap<object, string>();

/** A model's answer. Only whole ones are handed out. */
export class Answer {
  /** The contract's message, which has everything. */
  readonly message: CreateCompletionResponse;
  readonly #call: Call | undefined;

  constructor(message: CreateCompletionResponse, call?: Call) {
    this.message = message;
    this.#call = call;
  }

  /** The id by which the server knows the answer. */
  get id(): string {
    return this.message.completionId;
  }

  /** The model that answered. */
  get model(): string {
    return this.message.model;
  }

  /** The parts in order. */
  get parts(): Part[] {
    return (this.#candidate?.message?.parts ?? []).map((part) => partOf(part, this.#candidate?.message));
  }

  /** All text that is not a thought. */
  get text(): string {
    return this.#candidate?.message?.content ?? "";
  }

  /** The pictures that are no drafts. */
  get images(): Image[] {
    return this.parts.flatMap(({ image }) => (image && !image.thought ? [image] : []));
  }

  /** The final picture: the last one that is no draft, else the last one. */
  get image(): Image | undefined {
    const pictures = this.parts.flatMap(({ image }) => image ?? []);
    return pictures.findLast((image) => !image.thought) ?? pictures.at(-1);
  }

  /** The functions that the model wants called. */
  get functionCalls(): FunctionCall[] {
    return this.parts.flatMap(({ functionCall }) => functionCall ?? []);
  }

  /** Tokens and cost; undefined if the provider did not say. */
  get usage(): Usage | undefined {
    return this.message.usage;
  }

  /** What the call cost in US dollars; undefined if unknown. */
  get cost(): number | undefined {
    return this.message.usage?.costUsd;
  }

  /** Why it ended: "STOP", "MAX_TOKENS", "CONTENT_FILTER", "TOOL_CALLS" or "OTHER". */
  get finishReason(): keyof typeof FinishReason {
    return FinishReason[this.#candidate?.finishReason ?? 0] as keyof typeof FinishReason;
  }

  /** Why it ended, in the provider's word. */
  get nativeFinishReason(): string {
    return this.#candidate?.nativeFinishReason ?? "";
  }

  /** When the server began to answer. */
  get created(): Date | undefined {
    return this.message.createTime && timestampDate(this.message.createTime);
  }

  /** Until when the server keeps the answer; undefined if it does not. */
  get expires(): Date | undefined {
    return this.message.expireTime && timestampDate(this.message.expireTime);
  }

  /** The id of the call in the logs of both sides. */
  get requestId(): string {
    return this.#call?.requestId ?? "";
  }

  /** The deployment of the server's configuration that answered; "" if the server did not say. */
  get deployment(): string {
    return this.#call?.trailers.get("x-imagewire-deployment") ?? "";
  }

  /** How many calls to providers the server made; 0 if it did not say. */
  get attempts(): number {
    return Number(this.#call?.trailers.get("x-imagewire-attempts") ?? 0);
  }

  /** Why a filter stopped the prompt or the answer; "" if none did. */
  get blocked(): string {
    const { promptFeedback } = this.message;
    if (promptFeedback) {
      return sentence(promptFeedback.blockReason, promptFeedback.blockReasonMessage);
    }
    const filtered = this.#candidate?.finishReason === FinishReason.CONTENT_FILTER;
    return filtered ? sentence(this.nativeFinishReason, this.#candidate.finishMessage) : "";
  }

  /** The picture of an answer that is to have one. Throws Blocked and NoPicture, with the reason and what to do. */
  requireImage(): Image {
    const { image, blocked, requestId, nativeFinishReason } = this;
    if (image !== undefined) {
      return image;
    }
    const facts = { code: "NO_PICTURE", requestId, charged: true, reason: nativeFinishReason } as const;
    if (blocked) {
      const which = this.message.promptFeedback ? "the prompt was blocked" : "no picture was drawn";
      throw new Blocked(`${which} (${blocked}): change the prompt and try again`, { ...facts, code: "BLOCKED" });
    }
    if (nativeFinishReason === "STOP") {
      const text = sentence("the model answered without a picture", this.text, "ask for a picture more plainly");
      throw new NoPicture(text, facts);
    }
    const ended = `no picture was drawn (${nativeFinishReason})`;
    throw new NoPicture(sentence(ended, this.#candidate?.finishMessage, "change the prompt and try again"), facts);
  }

  /** The message of the answer, for the next request: every part as it came, with its signature. */
  toMessage(): ChatMessage {
    const message = this.#candidate?.message;
    if (!message?.parts.length) {
      throw new Error("the answer is empty, so it cannot be part of a chat");
    }
    return { ...message, content: "", image: undefined, parts: message.parts.map((part) => sentBack(part, message)) };
  }

  get #candidate(): Candidate | undefined {
    return this.message.candidates[0];
  }
}

function sentence(...said: (string | undefined)[]): string {
  return said.filter(Boolean).join(": ");
}

/** A part of a message whose final picture has its bytes in the message itself. */
function partOf({ content, thought, thoughtSignature: signature }: WirePart, message: ChatMessage | undefined): Part {
  switch (content.case) {
    case "image": {
      const final = message?.image;
      const refers = content.value.source.case === undefined && final && same(content.value.sha256, final.sha256);
      const wire = refers ? final : content.value;
      return { thought, signature, image: new Image(wire, undefined, thought, KEPT.get(wire)) };
    }
    case "media":
      return { thought, signature, media: content.value };
    case "functionCall":
      return { thought, signature, functionCall: content.value };
    case "native":
      return { thought, signature, native: content.value };
    default:
      return { thought, signature, text: content.case === "text" ? content.value : "" };
  }
}

function sentBack(part: WirePart, message: ChatMessage): WirePart {
  const { image } = partOf(part, message);
  if (image === undefined) {
    return part;
  }
  if (!image.isHere && !image.uri && !image.imageId) {
    throw new Error("the bytes of the answer's picture were not kept, neither here nor by the server: set keepBytes");
  }
  return create(PartSchema, { ...part, content: { case: "image", value: image.toMessage() } });
}

interface OpenPart {
  text: string;
  data: Uint8Array[];
}

/** Puts an answer together of a stream's verified events. keepBytes: whether the bytes of files are kept. */
export class Fold {
  readonly message = create(CreateCompletionResponseSchema);
  readonly #keepBytes: boolean;
  readonly #open = new Map<number, OpenPart>();

  constructor(keepBytes: boolean) {
    this.#keepBytes = keepBytes;
  }

  /** Takes the next event. Returns the part that it ended, as it stands in the answer. */
  add({ event }: StreamCompletionResponse): WirePart | undefined {
    switch (event.case) {
      case "started":
        merge(this.message, event.value);
        break;
      case "textDelta":
        this.#part(event.value.candidateIndex).text += event.value.text;
        break;
      case "imageChunk":
      case "mediaChunk":
        if (this.#keepBytes) {
          this.#part(event.value.candidateIndex).data.push(event.value.data);
        }
        break;
      case "partFinished":
        return this.#finish(event.value);
      case "candidateFinished": {
        const candidate = this.#candidate(event.value.candidateIndex);
        merge(candidate, event.value);
        setCommonFields(candidate.message);
        break;
      }
      case "finished":
        merge(this.message, event.value);
        this.message.candidates.sort((one, other) => one.index - other.index);
    }
    return undefined;
  }

  #part(candidate: number): OpenPart {
    const part = this.#open.get(candidate) ?? { text: "", data: [] };
    this.#open.set(candidate, part);
    return part;
  }

  #candidate(index: number): Candidate {
    const found = this.message.candidates.find((candidate) => candidate.index === index);
    if (found) {
      return found;
    }
    const made = create(CandidateSchema, { index, message: { role: Role.ASSISTANT } });
    this.message.candidates.push(made);
    return made;
  }

  #finish(finished: PartFinished): WirePart {
    const { thought, thoughtSignature, nativeFields, content, candidateIndex } = finished;
    const { text, data } = this.#part(candidateIndex);
    this.#open.delete(candidateIndex);
    const part = create(PartSchema, { thought, thoughtSignature, nativeFields });
    part.content = content.case === undefined ? { case: "text", value: text } : content;
    if ((content.case === "image" || content.case === "media") && data.length > 0) {
      const file = content.value;
      if (file.source.case === "imageId") {
        KEPT.set(file, file.source.value);
      }
      file.source = { case: "data", value: joined(data) };
    }
    this.#candidate(candidateIndex).message?.parts.push(part);
    return part;
  }
}

/** What a stream's finished part is, for who reads the stream. */
export function wholePart(part: WirePart): Part {
  return partOf(part, undefined);
}

/** The arguments of a function call. */
export function argumentsOf(call: FunctionCall): JsonObject {
  return call.argsJson ? (JSON.parse(call.argsJson) as JsonObject) : (call.args ?? {});
}

/** Copies what an event says into what it is about: the fields have the same names. */
function merge(into: object, { ...fields }: object): void {
  for (const name of ["$typeName", "candidateIndex"]) {
    Reflect.deleteProperty(fields, name);
  }
  Object.assign(into, fields);
}

/** Sets the fields that stand for the common case: the text, and the final picture with the bytes. */
function setCommonFields(message: ChatMessage | undefined): void {
  if (message === undefined) {
    return;
  }
  const { parts } = message;
  message.content = parts
    .map(({ content, thought }) => (content.case === "text" && !thought ? content.value : ""))
    .join("");
  const pictures = parts.filter(({ content }) => content.case === "image");
  const final = pictures.findLast(({ thought }) => !thought) ?? pictures.at(-1);
  if (final?.content.case === "image") {
    message.image = final.content.value;
    const { source, ...known } = final.content.value;
    // Its part has no bytes. An address or an id stands in both.
    final.content = {
      case: "image",
      value: { ...known, source: source.case === "data" ? { case: undefined } : source },
    };
  }
}
