/** One drawing: from the request to the last byte, told to the page step by step. */
import { type AnswerEvent, type AnswerStream, Cancelled, NoPicture } from "../src/browser.js";
import type { Drawn, Entry } from "./entry.js";
import { Painter } from "./painter.js";
import { problemOf } from "./server.js";

/** Who is told. */
export interface Watcher {
  /** The entry has changed. */
  changed(entry: Entry): void;
  /** More bytes of a picture. part: which of the answer. */
  arriving(entry: Entry, size: number): void;
  /** As much of a picture as can be seen. */
  painted(entry: Entry, part: number, image: HTMLImageElement, whole: boolean): void;
  /** A picture is whole. index: its place among the pictures of the entry. */
  whole(entry: Entry, index: number, file: Blob): void;
}

/** Reads an answer to its end, into an entry. Throws nothing: the entry says what went wrong. */
export async function draw(stream: AnswerStream, entry: Entry, watcher: Watcher): Promise<void> {
  const begun = performance.now();
  const painters = new Map<number, Painter>();
  const painterOf = (part: number) => {
    let painter = painters.get(part);
    if (painter === undefined) {
      painter = new Painter((image, whole) => {
        entry.firstPaintMs ||= performance.now() - begun;
        watcher.painted(entry, part, image, whole);
      });
      painters.set(part, painter);
    }
    return painter;
  };
  const read = async (event: AnswerEvent) => {
    switch (event.type) {
      case "started":
        entry.completionId = event.isKept ? event.id : "";
        entry.state = "arriving";
        watcher.changed(entry);
        break;
      case "text":
        if (!event.thought) {
          entry.text += event.text;
          watcher.changed(entry);
        }
        break;
      case "data": {
        const painter = painterOf(event.part);
        painter.add(event.data);
        watcher.arriving(entry, painter.size);
        break;
      }
      case "part": {
        const { image } = event.value;
        if (image !== undefined) {
          const { imageId, mimeType, width, height, sizeBytes, thought } = image;
          const drawn: Drawn = { imageId, mimeType, width, height, sizeBytes, draft: thought };
          entry.pictures.push(drawn);
          watcher.whole(entry, entry.pictures.length - 1, await painterOf(event.part).finish(mimeType));
        }
        break;
      }
      case "finished": {
        const { cost, usage } = event.answer;
        entry.cost = cost;
        entry.cached = usage?.cachedAnswer ?? false;
        entry.tokens = Number(usage?.totalTokens ?? 0n);
        event.answer.requireImage();
        entry.state = "done";
      }
    }
  };
  try {
    for await (const event of stream) {
      await read(event);
    }
  } catch (error) {
    entry.state = error instanceof Cancelled ? "cancelled" : "failed";
    entry.problem = error instanceof Cancelled ? undefined : problemOf(error);
    if (!(error instanceof NoPicture)) {
      // What has come of a picture that is not whole is not to be used.
      entry.completionId = "";
    }
  } finally {
    for (const painter of painters.values()) {
      painter.stop();
    }
    entry.ms = performance.now() - begun;
    watcher.changed(entry);
  }
}
