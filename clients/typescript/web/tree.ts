/** The session's drawings, each edit below what it edits. */
import { byId, make, tell } from "./dom.js";
import type { Entry, Session } from "./entry.js";
import { dollars } from "./format.js";
import { finalOf, type Gallery } from "./gallery.js";

export class Tree {
  readonly #root = byId("tree", HTMLUListElement);
  readonly #session: Session;
  readonly #gallery: Gallery;
  readonly #choose: (entry: Entry) => void;
  readonly #buttons = new Map<string, HTMLButtonElement>();

  /** choose: shows an entry. */
  constructor(session: Session, gallery: Gallery, choose: (entry: Entry) => void) {
    this.#session = session;
    this.#gallery = gallery;
    this.#choose = choose;
  }

  /** Shows all entries. chosen: the one that is on the stage. */
  show(chosen: Entry | undefined): void {
    const { entries, spent } = this.#session;
    byId("no-history", HTMLElement).hidden = entries.length > 0;
    const known = entries.some(({ cost }) => cost !== undefined);
    tell(byId("spent", HTMLElement), known ? `${dollars(spent)} in all` : "");
    // The newest stands first; an edit below what it edits.
    this.#root.replaceChildren(...this.#branch("", chosen).reverse());
  }

  #branch(id: string, chosen: Entry | undefined): HTMLLIElement[] {
    return this.#session.children(id).map((entry) => {
      const edits = this.#branch(entry.id, chosen);
      const item = make("li", {}, this.#button(entry, entry === chosen));
      if (edits.length > 0) {
        item.append(make("ul", { "aria-label": `Edits of ${entry.prompt}` }, ...edits));
      }
      return item;
    });
  }

  #button(entry: Entry, chosen: boolean): HTMLButtonElement {
    let button = this.#buttons.get(entry.id);
    if (button === undefined) {
      button = make("button", { type: "button" });
      button.addEventListener("click", () => {
        this.#choose(entry);
      });
      this.#buttons.set(entry.id, button);
    }
    const facts = entry.state === "done" ? (entry.cost === undefined ? "" : dollars(entry.cost)) : STATES[entry.state];
    const labels = make("span", { class: "labels" }, make("span", { class: "name" }, entry.prompt));
    if (facts) {
      labels.append(make("span", { class: "hint" }, facts));
    }
    button.replaceChildren(this.#thumbnail(entry), labels);
    if (chosen) {
      button.setAttribute("aria-current", "true");
    } else {
      button.removeAttribute("aria-current");
    }
    return button;
  }

  #thumbnail(entry: Entry): HTMLElement {
    const index = finalOf(entry);
    const place = make("span", { class: `thumbnail ${entry.state}` });
    if (index >= 0 && entry.state === "done") {
      void this.#gallery.thumbnail(entry, index).then(
        (url) => {
          const picture = make("img", { alt: "" });
          picture.src = url;
          place.replaceChildren(picture);
        },
        () => {
          place.classList.add("gone");
        },
      );
    }
    return place;
  }
}

const STATES = { waiting: "waiting", arriving: "drawing", failed: "failed", cancelled: "cancelled" };
