/** The picture that is looked at, with what is known of it and what can be done with it. */
import { byId, make, tell } from "./dom.js";
import type { Entry } from "./entry.js";
import { bytes, count, dollars, fileName, seconds } from "./format.js";
import { finalOf, type Gallery } from "./gallery.js";
import { decoded } from "./painter.js";

export class Stage {
  readonly #frame = byId("frame", HTMLElement);
  readonly #canvas = byId("canvas", HTMLElement);
  readonly #hint = byId("hint", HTMLElement);
  readonly #drafts = byId("drafts", HTMLElement);
  readonly #status = byId("status", HTMLElement);
  readonly #live = byId("live", HTMLElement);
  readonly #download = byId("download", HTMLAnchorElement);
  readonly #gallery: Gallery;
  #entry: Entry | undefined;
  #shown = -1;
  #begun = 0;
  #size = 0;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(gallery: Gallery) {
    this.#gallery = gallery;
  }

  /** The entry that is shown. */
  get entry(): Entry | undefined {
    return this.#entry;
  }

  /** Shows an entry that is being drawn now. */
  begin(entry: Entry): void {
    this.#entry = entry;
    this.#shown = -1;
    this.#begun = performance.now();
    this.#size = 0;
    this.#canvas.replaceChildren();
    this.#drafts.replaceChildren();
    this.#drafts.hidden = true;
    const [width, height] = entry.ratio.split(":").map(Number);
    this.#frame.style.aspectRatio = width && height ? `${width} / ${height}` : "";
    clearInterval(this.#clock);
    this.#clock = setInterval(() => {
      this.#tick();
    }, 250);
    this.update(entry);
    this.#frame.scrollIntoView({ block: "nearest" });
  }

  /** Shows an entry of the history. */
  async show(entry: Entry): Promise<void> {
    if (entry === this.#entry) {
      return;
    }
    this.#entry = entry;
    this.#canvas.replaceChildren();
    this.#drafts.replaceChildren();
    this.update(entry);
    for (const [index, { draft }] of entry.pictures.entries()) {
      if (draft || index !== finalOf(entry)) {
        await this.#addDraft(entry, index);
      }
    }
    await this.#look(entry, finalOf(entry));
  }

  /** As much of a picture as can be seen. */
  painted(entry: Entry, image: HTMLImageElement): void {
    if (entry === this.#entry) {
      this.#put(image, entry);
    }
  }

  /** A picture is whole. */
  whole(entry: Entry, index: number): void {
    if (entry !== this.#entry) {
      return;
    }
    const others = entry.pictures.length > 1;
    this.#shown = index;
    if (others || entry.pictures[index]?.draft) {
      void this.#addDraft(entry, index);
    }
  }

  /** How many bytes of a picture have come. */
  arriving(entry: Entry, size: number): void {
    if (entry === this.#entry) {
      this.#size = size;
      this.#tick();
    }
  }

  /** Shows what has become of an entry. */
  update(entry: Entry): void {
    if (entry !== this.#entry) {
      return;
    }
    const { state } = entry;
    const runs = state === "waiting" || state === "arriving";
    if (!runs) {
      clearInterval(this.#clock);
    }
    this.#frame.className = `frame ${state}`;
    this.#frame.setAttribute("aria-busy", String(runs));
    this.#hint.textContent = HINTS[state];
    this.#hint.hidden = this.#canvas.childElementCount > 0 || HINTS[state] === "";
    tell(this.#status, words(entry));
    byId("cancel", HTMLElement).hidden = !runs;
    byId("edit", HTMLElement).hidden = state !== "done";
    byId("again", HTMLElement).hidden = runs;
    byId("below", HTMLElement).hidden = false;
    this.#download.hidden = state !== "done" || this.#shown < 0;
    tell(byId("said", HTMLElement), entry.text.trim());
    this.#problem(entry);
    this.#facts(entry);
    this.#tick();
    if (state === "done") {
      void this.#offer(entry, finalOf(entry));
    }
  }

  /** Shows one of an entry's pictures. */
  async #look(entry: Entry, index: number): Promise<void> {
    if (index < 0) {
      return;
    }
    try {
      const image = await decoded(await this.#gallery.file(entry, index), true);
      if (image && entry === this.#entry) {
        this.#put(image, entry);
        await this.#offer(entry, index);
      }
    } catch (error) {
      if (entry === this.#entry) {
        this.#hint.hidden = false;
        this.#hint.textContent = `This picture cannot be shown. ${error instanceof Error ? error.message : ""}`;
      }
    }
  }

  async #offer(entry: Entry, index: number): Promise<void> {
    const file = await this.#gallery.file(entry, index).catch(() => undefined);
    if (file && entry === this.#entry) {
      this.#shown = index;
      if (this.#download.href) {
        URL.revokeObjectURL(this.#download.href);
      }
      this.#download.href = URL.createObjectURL(file);
      this.#download.download = fileName(entry.prompt, file.type);
      this.#download.hidden = entry.state !== "done";
    }
  }

  #put(image: HTMLImageElement, entry: Entry): void {
    image.alt = entry.prompt;
    this.#frame.style.aspectRatio = `${image.naturalWidth} / ${image.naturalHeight}`;
    this.#canvas.replaceChildren(image);
    this.#hint.hidden = true;
  }

  async #addDraft(entry: Entry, index: number): Promise<void> {
    const draft = entry.pictures[index]?.draft;
    const label = draft ? `Draft ${index + 1}` : "Final";
    const button = make("button", { type: "button" }, make("span", {}, label));
    button.addEventListener("click", () => void this.#look(entry, index));
    this.#drafts.append(button);
    this.#drafts.hidden = false;
    const url = await this.#gallery.thumbnail(entry, index).catch(() => "");
    if (url) {
      const picture = make("img", { alt: "" });
      picture.src = url;
      button.prepend(picture);
    }
  }

  #tick(): void {
    const entry = this.#entry;
    if (entry?.state !== "waiting" && entry?.state !== "arriving") {
      this.#live.textContent = "";
      return;
    }
    const time = seconds(performance.now() - this.#begun);
    this.#live.textContent = this.#size > 0 ? `${bytes(this.#size)}, ${time}` : time;
  }

  #problem({ problem }: Entry): void {
    const place = byId("problem", HTMLElement);
    place.hidden = problem === undefined;
    place.replaceChildren(
      ...(problem
        ? [
            make("h2", {}, problem.title),
            make("p", {}, problem.detail),
            ...(problem.fields.length > 0
              ? [make("ul", {}, ...problem.fields.map((field) => make("li", {}, field)))]
              : []),
            ...(problem.requestId ? [make("p", { class: "hint" }, `In the server's log: ${problem.requestId}`)] : []),
          ]
        : []),
    );
  }

  #facts(entry: Entry): void {
    const place = byId("facts", HTMLElement);
    const picture = entry.pictures[finalOf(entry)];
    const facts: [string, string][] = [];
    if (entry.cost !== undefined) {
      facts.push(["Cost", entry.cached ? "$0, kept answer" : dollars(entry.cost)]);
    }
    if (entry.tokens > 0) {
      facts.push(["Tokens", count(entry.tokens)]);
    }
    if (picture) {
      const kind = picture.mimeType.split("/")[1]?.toUpperCase() ?? "";
      facts.push(["Picture", `${picture.width} × ${picture.height}`], ["File", `${kind}, ${bytes(picture.sizeBytes)}`]);
    }
    if (entry.state === "done") {
      facts.push(["Time", seconds(entry.ms)]);
    }
    facts.push(["Model", entry.model]);
    place.hidden = entry.state === "waiting" || entry.state === "arriving";
    place.replaceChildren(
      ...facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    );
  }
}

const HINTS: Record<Entry["state"], string> = {
  waiting: "The model is thinking.",
  arriving: "The model is drawing.",
  done: "",
  failed: "No picture",
  cancelled: "Cancelled",
};

function words({ state, parent }: Entry): string {
  switch (state) {
    case "waiting":
      return "Waiting for the model";
    case "arriving":
      return parent ? "Drawing the edit" : "Drawing";
    case "done":
      return "";
    case "failed":
      return "";
    case "cancelled":
      return "Cancelled. What was drawn until then may be charged.";
  }
}
