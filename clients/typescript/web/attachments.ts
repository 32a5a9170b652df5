/** The pictures that go with a prompt: chosen, dropped or pasted. */
import { byId, make } from "./dom.js";
import { bytes } from "./format.js";

const KINDS = /^image\/(png|jpeg|webp|heic|heif)$/;
/** Of which most browsers tell no type. */
const UNTYPED = /\.(heic|heif)$/i;

export class Attachments {
  files: File[] = [];
  readonly #list = byId("attachments", HTMLUListElement);
  readonly #drop = byId("drop", HTMLElement);
  readonly #changed: (wrong: string) => void;

  /** changed: gets what is wrong with files that were not taken, "" for nothing. */
  constructor(changed: (wrong: string) => void) {
    this.#changed = changed;
    const input = byId("files", HTMLInputElement);
    byId("attach", HTMLButtonElement).addEventListener("click", () => {
      input.click();
    });
    input.addEventListener("change", () => {
      this.add(input.files ?? []);
      input.value = "";
    });
    document.addEventListener("paste", (event) => {
      const pasted = event.clipboardData?.files;
      if (pasted?.length) {
        event.preventDefault();
        this.add(pasted);
      }
    });
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    document.addEventListener("dragover", (event) => {
      if (hasFiles(event)) {
        event.preventDefault();
        this.#drop.hidden = false;
      }
    });
    document.addEventListener("dragleave", (event) => {
      this.#drop.hidden ||= event.relatedTarget === null;
    });
    document.addEventListener("drop", (event) => {
      this.#drop.hidden = true;
      if (hasFiles(event)) {
        event.preventDefault();
        this.add(event.dataTransfer?.files ?? []);
      }
    });
  }

  /** Takes what are pictures. */
  add(given: Iterable<File>): void {
    const refused: string[] = [];
    for (const file of given) {
      if (KINDS.test(file.type) || (file.type === "" && UNTYPED.test(file.name))) {
        this.files.push(file);
      } else {
        refused.push(file.name);
      }
    }
    this.#draw();
    this.#changed(refused.length > 0 ? `${refused.join(", ")}: models take PNG, JPEG, WebP, HEIC and HEIF.` : "");
  }

  /** Lets all go. */
  clear(): void {
    this.files = [];
    this.#draw();
    this.#changed("");
  }

  #draw(): void {
    this.#list.replaceChildren(
      ...this.files.map((file) => {
        const picture = make("img", { alt: "" });
        const url = URL.createObjectURL(file);
        picture.addEventListener("load", () => {
          URL.revokeObjectURL(url);
        });
        picture.src = url;
        const remove = make("button", { type: "button", "aria-label": `Remove ${file.name}` }, "×");
        remove.addEventListener("click", () => {
          this.files = this.files.filter((other) => other !== file);
          this.#draw();
          this.#changed("");
          byId("attach", HTMLButtonElement).focus();
        });
        return make("li", {}, picture, make("span", {}, `${file.name}, ${bytes(file.size)}`), remove);
      }),
    );
  }
}
