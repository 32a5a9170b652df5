/** Chats that keep their messages. */
import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import type { Answer } from "./answer.js";
import type { Client } from "./client.js";
import { invalid } from "./errors.js";
import { type ChatMessage, ChatMessageSchema } from "./gen/imagewire/v1/message_pb.js";
import { type Spec, SpecSchema } from "./gen/imagewire/v1/spec_pb.js";
import { type Content, prompted, user } from "./options.js";
import type { DrawOptions, StreamOptions } from "./parameters.js";
import type { AnswerStream } from "./stream.js";
import { make } from "./strict.js";

/** What one call of a chat takes; how to draw is the chat's own. */
export type SendOptions = Pick<
  DrawOptions,
  "signal" | "timeoutMs" | "metadata" | "requestId" | "onDisconnect" | "cacheTtlMs"
>;

/** A chat that keeps its messages. Make one with `client.chat`. */
export class Chat {
  readonly #client: Client;
  /** What is asked: the model, the options and the messages so far. It may be changed. */
  readonly spec: Spec;

  constructor(client: Client, spec: Spec) {
    this.#client = client;
    this.spec = spec;
  }

  /** The chat that `toJSON` gave, or another language's: the protobuf JSON of a Spec. */
  static fromJSON(client: Client, json: JsonValue): Chat {
    try {
      return new Chat(client, fromJson(SpecSchema, json));
    } catch (error) {
      throw invalid("json", `is no chat (${String(error)}): give what toJSON returned`);
    }
  }

  /** The messages so far. The array may be changed: `chat.messages.splice(-2)` undoes a turn. */
  get messages(): ChatMessage[] {
    return this.spec.messages;
  }

  /**
   * Sends a message, and waits for the answer. Both are part of the chat then; where the call fails, neither is.
   *
   * content: text; or texts, pictures and the contract's parts in order; or a message of `user` or `functionResult`.
   */
  async send(content: Content | ChatMessage, options: SendOptions = {}): Promise<Answer> {
    return this.stream(content, options).answer();
  }

  /** Sends a message, and returns the answer while it arrives. Read to its end, both are part of the chat. */
  stream(
    content: Content | ChatMessage,
    options: SendOptions & Pick<StreamOptions, "maxFrameBytes" | "keepBytes"> = {},
  ): AnswerStream {
    const message = messageOf(content);
    const spec: Spec = { ...this.spec, messages: [...this.spec.messages, message] };
    return this.#client.streamSpec(spec, options, (answer) => {
      if (answer.parts.length > 0) {
        this.spec.messages.push(message, answer.toMessage());
      }
    });
  }

  /** The chat as protobuf JSON, for any language: JSON.stringify calls it. It has the bytes of the pictures. */
  toJSON(): JsonValue {
    return toJson(SpecSchema, this.spec);
  }
}

function messageOf(content: Content | ChatMessage): ChatMessage {
  if (typeof content === "string") {
    return prompted(content);
  }
  if (Array.isArray(content)) {
    return user(...(content as Exclude<Content, string>));
  }
  return make(ChatMessageSchema, content as ChatMessage, "message");
}
