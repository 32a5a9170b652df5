/** What both entries export. */
export { Answer, argumentsOf, type Part } from "./answer.js";
export type { CallOptions, Metadata } from "./call.js";
export { Chat, type SendOptions } from "./chat.js";
export type { Pong } from "./client.js";
export * from "./errors.js";
export { type Detail, Image, image, type ImageOptions, type Picture } from "./image.js";
export { assistant, type Content, DEFAULT_MODEL, functionResult, type Options, system, user } from "./options.js";
export type {
  AnswerId,
  BaseOptions,
  ChatOptions,
  DrawCallOptions,
  DrawOptions,
  ResumeOptions,
  StreamOptions,
} from "./parameters.js";
export { type AnswerEvent, AnswerStream } from "./stream.js";
