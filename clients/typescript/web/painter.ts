/**
 * A picture that is painted while it arrives.
 *
 * Browsers decode as much of a PNG or JPEG as is there. So what has come is given to an image of its own again and again,
 * and takes the place of the last one when it is decoded: nothing flickers. The pause before the next one grows with what
 * the last one took, so that large pictures leave most of the time to the page.
 */

const LEAST_PAUSE_MS = 80;
/** How much longer the page rests than it decodes. */
const REST = 3;

export class Painter {
  #blob = new Blob();
  #fresh: BlobPart[] = [];
  #size = 0;
  #isPainting = false;
  #notBefore = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  readonly #show: (image: HTMLImageElement, whole: boolean) => void;

  /** show: gets each image, decoded. */
  constructor(show: (image: HTMLImageElement, whole: boolean) => void) {
    this.#show = show;
  }

  /** How many bytes have come. */
  get size(): number {
    return this.#size;
  }

  /** More bytes. */
  add(data: Uint8Array): void {
    this.#fresh.push(data.slice());
    this.#size += data.length;
    this.#plan();
  }

  /** All bytes are here: paints the whole picture, and returns its file. */
  async finish(mimeType: string): Promise<Blob> {
    this.stop();
    const whole = this.#joined(mimeType);
    const image = await decoded(whole, true);
    if (image !== undefined) {
      this.#show(image, true);
    }
    return whole;
  }

  /** Paints no more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #joined(mimeType = ""): Blob {
    this.#blob = new Blob([this.#blob, ...this.#fresh], { type: mimeType });
    this.#fresh = [];
    return this.#blob;
  }

  #plan(): void {
    if (this.#isPainting || this.#stopped || this.#timer !== undefined) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#paint();
    }, this.#notBefore - performance.now());
  }

  async #paint(): Promise<void> {
    this.#isPainting = true;
    const begun = performance.now();
    const image = await decoded(this.#joined());
    if (image !== undefined && !this.#stopped) {
      this.#show(image, false);
    }
    const now = performance.now();
    this.#notBefore = now + Math.max(LEAST_PAUSE_MS, (now - begun) * REST);
    this.#isPainting = false;
    if (this.#fresh.length > 0) {
      this.#plan();
    }
  }
}

/** The image of a file, or of its beginning; undefined where nothing can be shown. lasts: whether it can be saved. */
export async function decoded(file: Blob, lasts = false): Promise<HTMLImageElement | undefined> {
  const image = new Image();
  const url = URL.createObjectURL(file);
  image.src = url;
  try {
    await image.decode();
    return image;
  } catch {
    return undefined;
  } finally {
    if (!lasts) {
      URL.revokeObjectURL(url);
    }
  }
}
