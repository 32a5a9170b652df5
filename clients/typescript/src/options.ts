/** What to draw: options in this language's spelling, and the contract's Spec made of them. */
import type { DescMessage, JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { invalid } from "./errors.js";
import { type ChatMessage, ChatMessageSchema, type PartSchema, Role } from "./gen/imagewire/v1/message_pb.js";
import {
  GenerationConfigSchema,
  ImageConfigSchema,
  Modality,
  type Spec,
  SpecSchema,
  ThinkingConfigSchema,
} from "./gen/imagewire/v1/spec_pb.js";
import { Image, image, type Picture } from "./image.js";
import { platform } from "./platform.js";
import { checkNames, isObject, make } from "./strict.js";

/** The model that is asked where neither the call nor IMAGEWIRE_MODEL names one. */
export const DEFAULT_MODEL = "gemini/gemini-2.5-flash-image";

/** The fields of a message of the contract, as options. */
type Given<T, Without extends string = never> = {
  [K in Exclude<keyof T, Without | "$typeName" | "$unknown">]?: T[K] | undefined;
};

/**
 * How to draw. What is not set is not sent, and the provider's default holds; what a model does not take is refused.
 *
 * Most options are fields of the contract's Spec, ImageConfig, GenerationConfig and ThinkingConfig.
 */
export interface Options
  extends
    Given<MessageInitShape<typeof ImageConfigSchema>>,
    Given<MessageInitShape<typeof GenerationConfigSchema>, "stopSequences" | "thinkingConfig">,
    Given<MessageInitShape<typeof ThinkingConfigSchema>>,
    Given<MessageInitShape<typeof SpecSchema>, (typeof APART)[number]> {
  /** Up to five texts at which the model stops. */
  stop?: string | string[] | undefined;
  /** What the model may answer with. */
  modalities?: (keyof typeof MODALITIES)[] | undefined;
  /** Thresholds by category, in Google's words. */
  safetySettings?: Record<string, string> | undefined;
  /** "gs://bucket/folder/": Vertex AI writes pictures there and does not send them. */
  outputUri?: string | undefined;
}

const MODALITIES = { text: Modality.TEXT, image: Modality.IMAGE };
/** Fields of Spec that are no options themselves: the call's own, those whose fields are, and those spelled otherwise. */
const APART = [
  ...(["model", "messages", "imageConfig", "generationConfig"] as const),
  ...(["responseModalities", "safetySettings", "outputConfig"] as const),
];

function namesOf(schema: DescMessage, without: readonly string[] = []): string[] {
  return schema.fields.map((field) => field.localName).filter((name) => !without.includes(name));
}

const IMAGE = namesOf(ImageConfigSchema);
const THINKING = namesOf(ThinkingConfigSchema);
const GENERATION = namesOf(GenerationConfigSchema, ["stopSequences", "thinkingConfig"]);
const SPEC = namesOf(SpecSchema, APART);
/** The names of all options. */
export const OPTIONS: readonly string[] = [
  ...[IMAGE, THINKING, GENERATION, SPEC].flat(),
  ...["stop", "modalities", "safetySettings", "outputUri"],
];

/** What a message can be made of: text, pictures, and parts of the contract, in order. */
export type Content = string | readonly (string | Image | Uint8Array | URL | MessageInitShape<typeof PartSchema>)[];

/** A message of the user. */
export function user(...content: Exclude<Content, string>): ChatMessage {
  return message(Role.USER, content);
}

/** Instructions that stand above the chat. */
export function system(text: string): ChatMessage {
  return make(ChatMessageSchema, { role: Role.SYSTEM, content: text }, "system");
}

/** A message that a model is supposed to have said. Chats append answers by themselves, with their signatures. */
export function assistant(...content: Exclude<Content, string>): ChatMessage {
  return message(Role.ASSISTANT, content);
}

/** What a function returned that the model called. call: Answer.functionCalls has them. */
export function functionResult(
  call: { id: string; name: string },
  response: JsonObject,
  images: readonly Picture[] = [],
): ChatMessage {
  if (!isObject(call)) {
    throw invalid("call", "must be a function call, such as one of Answer.functionCalls");
  }
  const value = { id: call.id, name: call.name, response, images: images.map((each) => image(each).toMessage()) };
  const parts = [{ content: { case: "functionResponse" as const, value } }];
  return make(ChatMessageSchema, { role: Role.TOOL, parts }, "functionResult");
}

function message(role: Role, content: Exclude<Content, string>): ChatMessage {
  const parts = content
    .filter((item) => item !== "")
    .map((item) => {
      if (typeof item === "string") {
        return { content: { case: "text" as const, value: item } };
      }
      const isPicture = item instanceof Image || item instanceof Uint8Array || item instanceof URL;
      return isPicture ? { content: { case: "image" as const, value: image(item).toMessage() } } : item;
    });
  return make(ChatMessageSchema, { role, parts }, "message");
}

/** The user's message of a prompt and the pictures before it. */
export function prompted(prompt: string, images: readonly Picture[] = []): ChatMessage {
  if (typeof prompt !== "string") {
    throw invalid("prompt", "must be a string");
  }
  if (!Array.isArray(images)) {
    throw invalid("images", "must be an array; put the picture into one");
  }
  return user(...(images as readonly Picture[]).map((each) => image(each)), prompt);
}

/** The Spec of these messages. further: names beside those of Options that the caller reads itself. */
export function buildSpec(
  model = "",
  messages: ChatMessage[] = [],
  given: Options = {},
  further: readonly string[] = [],
): Spec {
  checkNames(given, [...OPTIONS, ...further], "option");
  const taken = (names: readonly string[]) => {
    const set = names
      .map((name) => [name, given[name as keyof Options]] as const)
      .filter(([, value]) => value !== undefined && value !== "");
    return set.length > 0 ? Object.fromEntries(set) : undefined;
  };
  const { stop, modalities, safetySettings, outputUri } = given;
  if (modalities !== undefined && !Array.isArray(modalities)) {
    throw invalid("modalities", "must be an array");
  }
  const thinkingConfig = taken(THINKING);
  const generation = {
    ...taken(GENERATION),
    ...(stop !== undefined && { stopSequences: typeof stop === "string" ? [stop] : stop }),
    ...(thinkingConfig && { thinkingConfig: make(ThinkingConfigSchema, thinkingConfig) }),
  };
  const imageConfig = taken(IMAGE);
  return make(SpecSchema, {
    model: model || platform.environment("IMAGEWIRE_MODEL") || DEFAULT_MODEL,
    messages,
    ...taken(SPEC),
    ...(imageConfig && { imageConfig: make(ImageConfigSchema, imageConfig) }),
    ...(Object.keys(generation).length > 0 && { generationConfig: make(GenerationConfigSchema, generation) }),
    ...(modalities && { responseModalities: modalities.map(modality) }),
    ...(safetySettings && {
      safetySettings: Object.entries(safetySettings).map(([category, threshold]) => ({ category, threshold })),
    }),
    ...(outputUri && { outputConfig: { uriPrefix: outputUri } }),
  });
}

function modality(name: keyof typeof MODALITIES): Modality {
  if (!Object.hasOwn(MODALITIES, name)) {
    throw invalid("modalities", `${JSON.stringify(name)} is unknown; there are: ${Object.keys(MODALITIES).join(", ")}`);
  }
  return MODALITIES[name];
}
