/** What was drawn in this session. It is kept for the tab, without keys and without pictures. */

/** A picture of an answer. */
export interface Drawn {
  /** The id by which the server keeps it; "" if it does not. */
  imageId: string;
  mimeType: string;
  width: number;
  height: number;
  sizeBytes: number;
  draft: boolean;
}

/** What went wrong, for people. */
export interface Problem {
  title: string;
  detail: string;
  /** Each wrong field. */
  fields: string[];
  /** What the operator finds it by in the log. */
  requestId: string;
}

/** What is asked for. */
export interface Wish {
  prompt: string;
  model: string;
  ratio: string;
  size: string;
  thoughts: boolean;
  /** The id of the entry whose picture is edited; "" for none. */
  parent: string;
  /** The names of the files that were sent too. */
  files: string[];
}

export type State = "waiting" | "arriving" | "done" | "failed" | "cancelled";

/** One drawing. */
export interface Entry extends Wish {
  id: string;
  state: State;
  /** The server's id of the answer, where it keeps it; "" else. */
  completionId: string;
  pictures: Drawn[];
  text: string;
  /** US dollars; undefined where it is unknown. */
  cost?: number | undefined;
  /** True where the server sent a kept answer again. */
  cached: boolean;
  tokens: number;
  ms: number;
  /** Milliseconds until the first piece of a picture could be seen; 0 for never. */
  firstPaintMs: number;
  problem?: Problem | undefined;
}

const NAME = "imagewire.session";
const INTERRUPTED: Problem = {
  title: "Interrupted",
  detail: "The page was left before the picture was complete. It may have been charged.",
  fields: [],
  requestId: "",
};

/** The entries of this tab, oldest first. */
export class Session {
  readonly entries: Entry[];
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.entries = read(storage);
    for (const entry of this.entries) {
      if (entry.state === "waiting" || entry.state === "arriving") {
        entry.state = "failed";
        entry.problem = INTERRUPTED;
      }
    }
  }

  /** The entry with this id. */
  find(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  /** The edits of an entry, or, for "", what was drawn anew; oldest first. An edit whose origin is gone is anew. */
  children(id: string): Entry[] {
    return this.entries.filter(({ parent }) => (this.find(parent) ? parent : "") === id);
  }

  /** What all of it cost in US dollars, as far as known. */
  get spent(): number {
    return this.entries.reduce((sum, { cost }) => sum + (cost ?? 0), 0);
  }

  /** Keeps what there is now. Where the browser has too little room, the oldest are left out of what survives a reload. */
  save(): void {
    for (let from = 0; from <= this.entries.length; from += 1) {
      try {
        this.#storage.setItem(NAME, JSON.stringify(this.entries.slice(from)));
        return;
      } catch (error) {
        if (!(error instanceof DOMException)) {
          throw error;
        }
      }
    }
  }
}

function read(storage: Storage): Entry[] {
  try {
    return JSON.parse(storage.getItem(NAME) ?? "[]") as Entry[];
  } catch {
    return [];
  }
}
