/** Answers: the contract's message, and what is read of it in this language. */
import { create, type JsonObject } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Call } from "./call.js";
import { Blocked, NoPicture } from "./errors.js";
import { type Candidate, type CreateCompletionResponse, FinishReason } from "./gen/imagewire/v1/chat_service_pb.js";
import {
  type ChatMessage,
  type FunctionCall,
  type Media,
  type NativePart,
  PartSchema,
} from "./gen/imagewire/v1/message_pb.js";
import type { Part as WirePart } from "./gen/imagewire/v1/message_pb.js";
import type { Usage } from "./gen/imagewire/v1/usage_pb.js";
import { KEPT } from "./fold.js";
import { Image } from "./image.js";
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

/** A model's answer: its first candidate; `message` has all. Only whole ones are handed out. */
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
    const word = FinishReason[this.#candidate?.finishReason ?? 0] as keyof typeof FinishReason | undefined;
    return word ?? "UNSPECIFIED";
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
    if (this.message.candidates.some(({ index, message }) => index !== 0 && message?.image)) {
      throw new NoPicture("the picture is not of the first candidate: Answer.message has it, or ask for one", facts);
    }
    if (nativeFinishReason === "STOP") {
      const text = sentence("the model answered without a picture", this.text, "ask for a picture more plainly");
      throw new NoPicture(text, facts);
    }
    const ended = nativeFinishReason ? `no picture was drawn (${nativeFinishReason})` : "no picture was drawn";
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
    return this.message.candidates.find(({ index }) => index === 0);
  }
}

function sentence(...said: (string | undefined)[]): string {
  return said.filter(Boolean).join(": ");
}

/** A part in this language. message: the whole one that it belongs to, where the bytes of its final picture are. */
export function partOf({ content, thought, thoughtSignature: signature }: WirePart, message?: ChatMessage): Part {
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

/** The arguments of a function call. */
export function argumentsOf(call: FunctionCall): JsonObject {
  return call.argsJson ? (JSON.parse(call.argsJson) as JsonObject) : (call.args ?? {});
}
