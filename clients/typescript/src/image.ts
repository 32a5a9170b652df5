/** Pictures: those that are sent, and those of an answer. */
import { create } from "@bufbuild/protobuf";
import { invalid } from "./errors.js";
import { type Image as WireImage, ImageDetail, ImageSchema } from "./gen/imagewire/v1/image_pb.js";
import { hex, platform, sha256Of } from "./platform.js";
import { checkNames } from "./strict.js";

/** How closely a model looks at a picture. */
export type Detail = "auto" | "low" | "medium" | "high" | "ultraHigh";

/** What a picture can be given as: an encoded file, an Image of an answer, or an address (https:, gs: or data:). */
export type Picture = Image | Uint8Array | URL | string;

/** How a picture is sent. */
export interface ImageOptions {
  /** How closely the model looks at it. Default: "auto". */
  detail?: Detail;
  /** The media type. Needed with "gs://"; else it is read from the bytes. */
  mimeType?: string;
  /** A name by which a function's result refers to the picture. */
  displayName?: string;
}

const DETAILS: Record<Detail, ImageDetail> = {
  auto: ImageDetail.AUTO,
  low: ImageDetail.LOW,
  medium: ImageDetail.MEDIUM,
  high: ImageDetail.HIGH,
  ultraHigh: ImageDetail.ULTRA_HIGH,
};
/** Media types by the first bytes of a file, as Latin-1. */
const MAGIC: readonly (readonly [RegExp, string])[] = [
  [/^\x89PNG/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^RIFF.{4}WEBP/s, "image/webp"],
  [/^.{4}ftyp(?:heic|heix|hevc|hevx)/s, "image/heic"],
  [/^.{4}ftyp(?:mif1|msf1)/s, "image/heif"],
];

/** A picture. Its bytes are in `data`, unless it is only an address or an id. */
export class Image {
  readonly #data: Uint8Array | undefined;
  readonly #wire: WireImage;
  /** Whether it belongs to the model's thinking: a draft. */
  readonly thought: boolean;
  /** The id by which the server keeps it; "" if it does not. */
  readonly imageId: string;

  /** wire: what is known of it. Use `image` to make one. */
  constructor(wire: WireImage, data?: Uint8Array, thought = false, imageId = "") {
    this.#wire = wire;
    this.#data = data ?? (wire.source.case === "data" ? wire.source.value : undefined);
    this.thought = thought;
    this.imageId = imageId || (wire.source.case === "imageId" ? wire.source.value : "");
  }

  /** Whether the bytes are here. */
  get isHere(): boolean {
    return this.#data !== undefined;
  }

  /** The encoded file. Throws an Error that says where the bytes are, if they are not here. */
  get data(): Uint8Array {
    if (this.#data === undefined) {
      const where = this.uri || (this.imageId && `client.download(${JSON.stringify(this.imageId)})`);
      throw new Error(
        `the picture's bytes are not here${where ? `: they are at ${where}` : ", because they were not kept"}`,
      );
    }
    return this.#data;
  }

  /** The address, if it has one. */
  get uri(): string {
    return this.#wire.source.case === "uri" ? this.#wire.source.value : "";
  }

  /** The media type, such as "image/png". */
  get mimeType(): string {
    return this.#wire.mimeType;
  }

  /** Width in pixels; 0 if unknown. */
  get width(): number {
    return this.#wire.width ?? 0;
  }

  /** Height in pixels; 0 if unknown. */
  get height(): number {
    return this.#wire.height ?? 0;
  }

  /** Size of the encoded file in bytes; 0 if unknown. */
  get sizeBytes(): number {
    return Number(this.#wire.sizeBytes ?? 0n);
  }

  /** The SHA-256 of the encoded file, in hexadecimal digits. */
  get sha256(): string {
    return hex(this.#wire.sha256);
  }

  /** The provider's name of the file; mostly "". */
  get displayName(): string {
    return this.#wire.displayName;
  }

  /** The picture as a data URI, for HTML. */
  get dataUri(): string {
    const binary = Array.from(this.data, (byte) => String.fromCharCode(byte)).join("");
    return `data:${this.mimeType};base64,${btoa(binary)}`;
  }

  /**
   * Writes the picture to a file, completely or not at all. Not in browsers.
   *
   * path: without a suffix, that of the picture is added. Returns the file's name.
   */
  async save(path: string): Promise<string> {
    if (platform.save === undefined) {
      throw new Error("save: a browser has no files; make a Blob of data");
    }
    const suffix = `.${this.mimeType.split("/")[1]?.replace("jpeg", "jpg") ?? "bin"}`;
    return platform.save(/\.\w+$/.test(path) ? path : path + suffix, this.data);
  }

  /** The protobuf message of it, for a request. */
  toMessage(): WireImage {
    const { mimeType, detail, displayName, source } = this.#wire;
    const kept = { case: "imageId", value: this.imageId } as const;
    const bytes = this.#data && ({ case: "data", value: this.#data } as const);
    const from = source.case === "uri" ? source : (bytes ?? kept);
    return create(ImageSchema, { mimeType, detail, displayName, source: from });
  }
}

/** Makes a picture to be sent. A text must be an address; to send a file, read it: `image(await readFile("cat.png"))`. */
export function image(source: Picture, options: ImageOptions = {}): Image {
  checkNames(options, ["detail", "mimeType", "displayName"], "option of a picture");
  const { detail = "auto", mimeType = "", displayName = "" } = options;
  if (!Object.hasOwn(DETAILS, detail)) {
    throw invalid("detail", `must be one of ${Object.keys(DETAILS).join(", ")}`);
  }
  const closely = DETAILS[detail];
  if (source instanceof Image) {
    const wire = source.toMessage();
    wire.mimeType = mimeType || wire.mimeType;
    wire.detail = options.detail === undefined ? wire.detail : closely;
    wire.displayName = displayName || wire.displayName;
    return new Image(wire);
  }
  if (source instanceof Uint8Array) {
    const sizeBytes = BigInt(source.length);
    const type = mimeType || mediaType(source);
    const data = { case: "data", value: source } as const;
    const wire = { source: data, mimeType: type, detail: closely, displayName, sizeBytes, sha256: sha256Of(source) };
    return new Image(create(ImageSchema, wire));
  }
  const uri = source instanceof URL ? source.href : source;
  if (typeof uri !== "string" || !/^(?:[a-z][a-z0-9+.-]*:\/\/|data:)/i.test(uri) || uri.startsWith("file:")) {
    throw invalid("picture", "must be a Uint8Array, an Image, or an address; read a file first, as with readFile");
  }
  return new Image(
    create(ImageSchema, { source: { case: "uri", value: uri }, mimeType, detail: closely, displayName }),
  );
}

function mediaType(data: Uint8Array): string {
  const start = String.fromCharCode(...data.subarray(0, 16));
  const found = MAGIC.find(([magic]) => magic.test(start));
  if (found === undefined) {
    throw invalid("picture", "is no PNG, JPEG, WebP, HEIC or HEIF: give such a file's bytes");
  }
  return found[1];
}
