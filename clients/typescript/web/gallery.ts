/** The files of pictures: those that came, and those that the server keeps, fetched when they are looked at. */
import type { Entry } from "./entry.js";
import type { Server } from "./server.js";

const THUMBNAIL = 144;

export class Gallery {
  readonly #files = new Map<string, Promise<Blob>>();
  readonly #small = new Map<string, Promise<string>>();
  readonly #server: Server;
  #last: Promise<unknown> = Promise.resolve();

  constructor(server: Server) {
    this.#server = server;
  }

  /** A file that came. */
  put(entry: Entry, index: number, file: Blob): void {
    this.#files.set(name(entry, index), Promise.resolve(file));
  }

  /** The file of a picture. Rejects where it is gone. */
  file(entry: Entry, index: number): Promise<Blob> {
    const key = name(entry, index);
    let found = this.#files.get(key);
    if (found === undefined) {
      const imageId = entry.pictures[index]?.imageId;
      if (!imageId) {
        return Promise.reject(new Error("The server keeps no pictures, so this one is gone."));
      }
      // One after the other: a long history does not stand in the way of what is looked at.
      found = this.#last.then(() => this.#server.picture(imageId));
      this.#last = found.catch(() => undefined);
      this.#files.set(key, found);
      found.catch(() => this.#files.delete(key)); // asked for again, the server may have it again
    }
    return found;
  }

  /** The address of a small form of it. */
  thumbnail(entry: Entry, index: number): Promise<string> {
    const key = name(entry, index);
    let found = this.#small.get(key);
    if (found === undefined) {
      found = this.file(entry, index).then(shrunk);
      this.#small.set(key, found);
      found.catch(() => this.#small.delete(key));
    }
    return found;
  }
}

function name(entry: Entry, index: number): string {
  return `${entry.id} ${index}`;
}

async function shrunk(file: Blob): Promise<string> {
  const whole = await createImageBitmap(file);
  const scale = THUMBNAIL / Math.min(whole.width, whole.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = THUMBNAIL;
  const [width, height] = [whole.width * scale, whole.height * scale];
  const context = canvas.getContext("2d");
  context?.drawImage(whole, (THUMBNAIL - width) / 2, (THUMBNAIL - height) / 2, width, height);
  whole.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((small) => {
      if (small) {
        resolve(URL.createObjectURL(small));
      } else {
        reject(new Error("no thumbnail"));
      }
    }, "image/webp");
  });
}

/** The index of the picture that an entry is about: the last one that is no draft, else the last. -1 for none. */
export function finalOf(entry: Entry): number {
  const final = entry.pictures.findLastIndex(({ draft }) => !draft);
  return final < 0 ? entry.pictures.length - 1 : final;
}
