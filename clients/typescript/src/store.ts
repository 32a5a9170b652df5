/** What the server keeps: pictures that are uploaded and downloaded, and those that a request names by their hash. */
import { create } from "@bufbuild/protobuf";
import { type Call, messagesOf } from "./call.js";
import { CorruptAnswer, ImagewireError, InvalidRequest, NotSupported } from "./errors.js";
import { type Image, ImageSchema } from "./gen/imagewire/v1/image_pb.js";
import { type UploadImageRequest, UploadImageRequestSchema } from "./gen/imagewire/v1/image_service_pb.js";
import type { Spec } from "./gen/imagewire/v1/spec_pb.js";
import { hex, platform, sha256Of } from "./platform.js";
import { same } from "./verify.js";

/** Below this, a picture is sent with the request: to ask whether the server has it would take longer. */
const LARGE = 256 * 1024;
const PIECE = 256 * 1024;
/** Asked for where a connection did not last for one frame of the usual size. */
export const SMALL_FRAME = 16 * 1024;
/** The server's default. */
const USUAL_FRAME = 256 * 1024;

/** The most bytes of a picture in a message that a client can take, 0 for the server's default. */
export function largestFrame(maxMessageBytes: number): number {
  const most = Math.floor(maxMessageBytes / 2);
  return most >= USUAL_FRAME ? 0 : most;
}

/** A picture that a request names by its sha256. */
interface Named {
  readonly sha256: Uint8Array;
  readonly mimeType: string;
  readonly data: Uint8Array;
  readonly places: Image[];
  missing: boolean;
  uploaded: boolean;
}

/** The large pictures of a request, which are named by their sha256 instead of being sent. */
export class NamedPictures {
  readonly #named = new Map<string, Named>();

  /** Takes their bytes out of a spec, which must be the caller's own copy. */
  constructor(spec: Spec) {
    for (const image of imagesOf(spec)) {
      const { source, mimeType } = image;
      if (source.case !== "data" || !mimeType || source.value.length <= LARGE) {
        continue;
      }
      const sha256 = sha256Of(source.value);
      if (image.sha256.length > 0 && !same(image.sha256, sha256)) {
        continue; // the server tells what is wrong
      }
      const key = hex(sha256);
      const named = this.#named.get(key) ?? {
        ...{ sha256, mimeType, data: source.value, places: [] },
        ...{ missing: false, uploaded: false },
      };
      this.#named.set(key, named);
      named.places.push(image);
      image.source = { case: undefined };
      image.sha256 = sha256;
    }
  }

  /** Sends all bytes with the request nevertheless. */
  putBack(): void {
    for (const named of this.#named.values()) {
      putBack(named);
    }
    this.#named.clear();
  }

  /** Notes which ones the server lacks. missing: their hashes, by commas. Returns whether the next attempt may do. */
  lacks(missing: string): boolean {
    const found = missing.split(",").map((key) => this.#named.get(key));
    const known = found.filter((named) => named !== undefined);
    if (known.length === 0 || known.some((named) => named.uploaded)) {
      return false;
    }
    for (const named of known) {
      named.missing = true;
    }
    return true;
  }

  /** Uploads what the server lacks. A picture that it does not take goes with the request. */
  async upload(call: Call, withoutStore: () => void): Promise<void> {
    for (const [key, named] of [...this.#named]) {
      if (!named.missing || named.uploaded || !this.#named.has(key)) {
        continue;
      }
      try {
        await upload(call, named.data, named.mimeType, named.sha256);
        named.uploaded = true;
      } catch (error) {
        if (!(error instanceof ImagewireError)) {
          throw error;
        }
        if (error.reason === "KEEP_OFF") {
          withoutStore();
        } else if (
          error instanceof InvalidRequest ||
          error instanceof NotSupported ||
          error.reason === "STORE_UNAVAILABLE"
        ) {
          putBack(named);
          this.#named.delete(key);
        } else {
          throw error;
        }
      }
    }
  }
}

function putBack({ places, data }: Named): void {
  for (const place of places) {
    place.source = { case: "data", value: data };
  }
}

function* imagesOf(spec: Spec): Generator<Image> {
  for (const message of spec.messages) {
    if (message.image) {
      yield message.image;
    }
    for (const { content } of message.parts) {
      if (content.case === "image") {
        yield content.value;
      } else if (content.case === "functionResponse") {
        yield* content.value.images;
      }
    }
  }
}

/** Uploads a picture, again where the connection broke. Returns what the server knows of it. */
export async function upload(call: Call, data: Uint8Array, mimeType: string, sha256: Uint8Array): Promise<Image> {
  // eslint-disable-next-line @typescript-eslint/require-await -- connect wants an asynchronous iterable
  async function* messages(): AsyncGenerator<UploadImageRequest> {
    const image = create(ImageSchema, { mimeType, sizeBytes: BigInt(data.length), sha256 });
    yield create(UploadImageRequestSchema, { event: { case: "image", value: image } });
    for (let at = 0; at < data.length; at += PIECE) {
      const value = { offset: BigInt(at), data: data.subarray(at, at + PIECE) };
      yield create(UploadImageRequestSchema, { event: { case: "chunk", value } });
    }
  }
  const { image } = await call.unary((options) => call.connection.images.uploadImage(messages(), options));
  return image ?? create(ImageSchema);
}

/** What is downloaded: the picture's properties, and its bytes from an offset on. */
export interface Download {
  image: Image;
  data: Uint8Array;
}

/**
 * Downloads a picture over as many connections as it takes. All of it is checked; a part of it by its size alone.
 *
 * known: what an answer said of it. It ends at the first byte beyond the size that was announced.
 */
export async function download(
  call: Call,
  imageId: string,
  offset: number,
  frame: number,
  known?: Image,
): Promise<Download> {
  const pieces: Uint8Array[] = [];
  const hash = platform.hash();
  const corrupt = (message: string) => new CorruptAnswer(message, { charged: call.draws, requestId: call.requestId });
  let image = known;
  let size = offset;
  for (let asked = offset; ;) {
    const { options, end } = call.attempt();
    const request = { imageId, offset: BigInt(size), maxFrameBytes: frame };
    let wait: number;
    try {
      for await (const { event } of messagesOf(call.connection.images.downloadImage(request, options), end)) {
        if (event.case === "image") {
          const [said, before] = [announced(event.value), image && announced(image)];
          if (before !== undefined && said !== before) {
            throw corrupt(`a picture of ${before.toString()} bytes is said to have ${said.toString()} now`);
          }
          image = event.value;
        } else if (event.case === "chunk" && event.value.data.length > 0) {
          const { offset: at, data } = event.value;
          if (Number(at) !== size) {
            throw corrupt(`a picture's bytes go on at ${at.toString()} where ${size} was due`);
          }
          size += data.length;
          if (size > announced(image)) {
            throw corrupt(`a picture has ${size} bytes or more where ${announced(image).toString()} were announced`);
          }
          pieces.push(data);
          hash.update(data);
        }
      }
      if (!image || BigInt(size) !== announced(image) || (offset === 0 && !same(hash.digest(), image.sha256))) {
        throw corrupt("a picture was damaged on its way: its size or sha256 differs");
      }
      return { image, data: joined(pieces) };
    } catch (reason) {
      const failed = call.failure(reason);
      if (size > asked) {
        asked = size;
        call.madeProgress();
      } else {
        frame = SMALL_FRAME;
      }
      wait = call.delay(failed, false, failed.broke);
    } finally {
      end();
    }
    await call.pause(wait);
  }
}

/** The size that is said of a picture. */
function announced(image: Image | undefined): bigint {
  return image?.sizeBytes ?? 0n;
}

/** The pieces as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
