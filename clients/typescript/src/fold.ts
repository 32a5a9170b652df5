/** The contract's answer, put together of a stream's events. */
import { create } from "@bufbuild/protobuf";
import {
  type Candidate,
  CandidateSchema,
  CreateCompletionResponseSchema,
  type PartFinished,
  type StreamCompletionResponse,
} from "./gen/imagewire/v1/chat_service_pb.js";
import { type ChatMessage, type Part, PartSchema, Role } from "./gen/imagewire/v1/message_pb.js";
import { joined } from "./store.js";

/** The ids of kept pictures whose bytes are here too: the contract's message has but one of both. */
export const KEPT = new WeakMap<object, string>();

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
  add({ event }: StreamCompletionResponse): Part | undefined {
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

  #finish(finished: PartFinished): Part {
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
