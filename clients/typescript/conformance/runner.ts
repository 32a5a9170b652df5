/** Runs conformance cases with this client, as tests/conformance/README.md says. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { env } from "node:process";
import { create, fromJson, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import * as imagewire from "../src/index.js";
import { argumentsOf, image, ImagewireError } from "../src/index.js";
import * as v1 from "../src/v1.js";

/** A step of a case. */
interface Step {
  call: string;
  model?: string;
  prompt?: string;
  images?: { step?: number; part?: number; data?: string; image_id?: string; uri?: string }[];
  spec?: JsonObject & { imageConfig?: { aspectRatio: string } };
  chat?: string;
  load?: string;
  save?: string;
  completion_id?: string;
  request_id?: string;
  image_id?: string;
  on_disconnect?: "keep" | "cancel";
  cache_ttl_ms?: number;
  timeout_ms?: number;
  max_frame_bytes?: number;
  max_inline_bytes?: number;
  cancel_after_bytes?: number;
}

interface Case {
  name: string;
  client?: { api_key?: string; max_message_bytes?: number; anonymous?: boolean };
  steps: Step[];
}

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function described({ name, provider, nativeId }: v1.Model): JsonObject {
  return { name, provider, native_id: nativeId };
}

function picture(given: imagewire.Image): JsonObject {
  const { mimeType, width, height, imageId, thought, uri } = given;
  const said = { kind: "image", mime_type: mimeType, width, height, image_id: imageId, thought };
  return uri ? { ...said, uri } : { ...said, size_bytes: given.data.length, sha256: sha256(given.data) };
}

function bytesOf({ image, media }: imagewire.Part): Uint8Array {
  const data = media?.source.case === "data" ? media.source.value : new Uint8Array();
  return image?.isHere ? image.data : data;
}

function content(part: imagewire.Part): JsonObject {
  const data = bytesOf(part);
  if (part.image) {
    return picture(part.image);
  }
  if (part.media) {
    return { kind: "media", mime_type: part.media.mimeType, size_bytes: data.length, sha256: sha256(data) };
  }
  if (part.functionCall) {
    return { kind: "function_call", name: part.functionCall.name, args: argumentsOf(part.functionCall) };
  }
  if (part.native) {
    return { kind: "native", native_kind: part.native.kind, value: JSON.parse(part.native.valueJson) as JsonValue };
  }
  return { kind: "text", text: part.text ?? "" };
}

function failure({ code, reason, violations, retryable, retryAfterMs }: ImagewireError): JsonObject {
  const fields = violations.map(({ field }) => snake(field));
  return {
    code,
    reason,
    fields,
    retryable,
    retry_after_seconds: retryAfterMs === undefined ? null : retryAfterMs / 1000,
  };
}

/** One case: its client, what its steps printed, and the bytes and chats that later steps name. */
class Runner {
  readonly #seen: JsonObject[] = [];
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #chats = new Map<string, imagewire.Chat>();
  readonly #client: imagewire.Client;
  readonly #case: Case;

  constructor(given: Case) {
    this.#case = given;
    const { api_key: apiKey, max_message_bytes: maxMessageBytes, anonymous } = given.client ?? {};
    const read = (path: string | undefined) => (path ? readFileSync(path) : undefined);
    const own = anonymous ? {} : { cert: read(env.CONFORMANCE_CERT), key: read(env.CONFORMANCE_KEY) };
    const tls = env.CONFORMANCE_CA ? { ca: read(env.CONFORMANCE_CA), ...own } : undefined;
    this.#client = new imagewire.Client(env.CONFORMANCE_TARGET, {
      apiKey: apiKey ?? env.CONFORMANCE_API_KEY,
      maxMessageBytes,
      tls,
    });
  }

  async *run(): AsyncGenerator<JsonObject> {
    for (const step of this.#case.steps) {
      let said: JsonObject;
      try {
        said = await this.#call(this.#filled(step) as Step);
      } catch (error) {
        if (!(error instanceof ImagewireError)) {
          throw error;
        }
        said = { error: failure(error) };
      }
      this.#seen.push(said);
      yield said;
    }
    this.#client.close();
  }

  /** The value with each "$N.path" replaced by what step N printed there. */
  #filled(value: unknown): unknown {
    if (Array.isArray(value)) {
      return value.map((item) => this.#filled(item));
    }
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.#filled(item)]));
    }
    if (typeof value !== "string" || !value.startsWith("$")) {
      return value;
    }
    const [step, ...path] = value.slice(1).split(".");
    return path.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], this.#seen[Number(step)]);
  }

  async #call(step: Step): Promise<JsonObject> {
    const client = this.#client;
    const {
      timeout_ms: timeoutMs,
      request_id: requestId,
      on_disconnect: onDisconnect,
      cache_ttl_ms: cacheTtlMs,
    } = step;
    const options = { timeoutMs, requestId, onDisconnect, cacheTtlMs };
    const { model = "", prompt = "", completion_id: completionId, image_id: imageId = "" } = step;
    switch (step.call) {
      case "draw": {
        const aspectRatio = step.spec?.imageConfig?.aspectRatio;
        const drawn = await client.draw(prompt, { ...options, model, aspectRatio, images: this.#images(step) });
        this.#keep(0, drawn.data);
        return { parts: [picture(drawn)] };
      }
      case "stream":
        return this.#stream(step, { ...options, maxFrameBytes: step.max_frame_bytes });
      case "create": {
        const given = { ...options, maxInlineBytes: step.max_inline_bytes };
        return this.#answer(new imagewire.Answer(await client.createCompletion(this.#spec(step), given)));
      }
      case "write": {
        const written: Uint8Array[] = [];
        for await (const data of client.stream(prompt, { ...options, model }).picture()) {
          written.push(data);
        }
        const whole = Buffer.concat(written);
        return { size_bytes: whole.length, sha256: sha256(whole) };
      }
      case "chat":
        return this.#chat(step, options);
      case "resume":
      case "get": {
        const id = { completionId, requestId } as imagewire.AnswerId;
        return this.#answer(await (step.call === "get" ? client.getCompletion(id) : client.resume(id).answer()));
      }
      case "upload": {
        const [given = ""] = this.#images(step);
        return { image: picture(await client.upload(given, { timeoutMs })) };
      }
      case "download":
        return { image: picture(await client.download(imageId, { timeoutMs })) };
      case "delete":
        await client.deleteImage(imageId);
        return {};
      case "list_models":
        return { models: Object.fromEntries((await client.listModels()).map((each) => [each.name, described(each)])) };
      case "get_model":
        return { model: described(await client.getModel(model)) };
      case "ping": {
        const { status, version } = await client.ping();
        return { status, version };
      }
      default:
        throw new Error(`there is no call ${step.call}`);
    }
  }

  async #stream(step: Step, options: object): Promise<JsonObject> {
    let size = 0;
    for await (const event of this.#client.streamSpec(this.#spec(step), options)) {
      size += event.type === "data" ? event.data.length : 0;
      if (step.cancel_after_bytes !== undefined && size >= step.cancel_after_bytes) {
        break;
      }
      if (event.type === "finished") {
        return this.#answer(event.answer);
      }
    }
    return { cancelled: true };
  }

  async #chat(step: Step, options: imagewire.SendOptions): Promise<JsonObject> {
    const name = step.chat ?? "";
    const began = step.load ? (JSON.parse(readFileSync(step.load, "utf8")) as JsonValue) : undefined;
    const made = began ?? toJson(v1.SpecSchema, this.#spec({ ...step, prompt: undefined, images: undefined }));
    const chat = this.#chats.get(name) ?? this.#client.chatFromJSON(made);
    this.#chats.set(name, chat);
    const answer = await chat.send(this.#asked(step), options);
    if (step.save) {
      const { model, messages } = chat.spec;
      writeFileSync(step.save, JSON.stringify(toJson(v1.SpecSchema, create(v1.SpecSchema, { model, messages }))));
    }
    return this.#answer(answer);
  }

  #answer(answer: imagewire.Answer): JsonObject {
    const { message } = answer;
    const wire = message.candidates[0]?.message?.parts ?? [];
    const parts = answer.parts.map((part, index) => {
      this.#keep(index, bytesOf(part));
      const fields = Object.entries(wire[index]?.nativeFields ?? {});
      return {
        ...content(part),
        thought: part.thought,
        ...(part.signature.length > 0 && { signature_sha256: sha256(part.signature) }),
        ...(fields.length > 0 && {
          native_fields: Object.fromEntries(fields.map(([name, value]) => [name, JSON.parse(value) as JsonValue])),
        }),
      };
    });
    return {
      completion_id: answer.id,
      model: answer.model,
      model_version: message.modelVersion,
      parts,
      finish_reason: answer.finishReason,
      native_finish_reason: answer.nativeFinishReason,
      usage: answer.usage ? toJson(v1.UsageSchema, answer.usage, { useProtoFieldName: true }) : {},
      kept: answer.expires !== undefined,
      has_continuation: message.continuationToken.length > 0,
      native_fields: message.nativeFields,
      omitted_fields: message.omittedFields,
      ...(message.promptFeedback && { block_reason: message.promptFeedback.blockReason }),
    };
  }

  #keep(part: number, data: Uint8Array): void {
    this.#bytes.set(`${this.#seen.length} ${part}`, data);
  }

  #images({ images = [] }: Step): imagewire.Image[] {
    return images.map(({ step, part, data, image_id: id, uri }) => {
      if (id !== undefined) {
        return new imagewire.Image(create(v1.ImageSchema, { source: { case: "imageId", value: id } }));
      }
      const bytes = data === undefined ? this.#bytes.get(`${step ?? 0} ${part ?? 0}`) : Buffer.from(data, "base64");
      return image(uri ?? bytes ?? "");
    });
  }

  #asked(step: Step): v1.ChatMessage {
    return imagewire.user(...this.#images(step), ...(step.prompt === undefined ? [] : [step.prompt]));
  }

  /** The Spec of a step. */
  #spec(step: Step): v1.Spec {
    const spec = fromJson(v1.SpecSchema, step.spec ?? {});
    spec.model = step.model ?? spec.model;
    if (step.prompt !== undefined || step.images !== undefined) {
      spec.messages.push(this.#asked(step));
    }
    return spec;
  }
}

for (const path of process.argv.slice(2)) {
  const given = JSON.parse(readFileSync(path, "utf8")) as Case;
  let step = 0;
  for await (const said of new Runner(given).run()) {
    // Some readers take other characters for ends of lines too.
    const line = JSON.stringify({ case: given.name, step, ...said }).replace(/[\u0080-\uffff]/g, escaped);
    console.log(line);
    step += 1;
  }
}
