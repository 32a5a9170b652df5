/** The form: what is to be drawn, and with which model. It shows what the model takes, and nothing else. */
import type { Model } from "../src/v1.js";
import { Attachments } from "./attachments.js";
import { byId, make, tell } from "./dom.js";
import type { Entry, Wish } from "./entry.js";

const OTHER = "\n";

export class Composer {
  readonly prompt = byId("prompt", HTMLTextAreaElement);
  readonly attachments: Attachments;
  readonly #form = byId("composer", HTMLFormElement);
  readonly #model = byId("model", HTMLSelectElement);
  readonly #other = byId("other-model", HTMLInputElement);
  readonly #ratio = byId("ratio", HTMLSelectElement);
  readonly #size = byId("size", HTMLSelectElement);
  readonly #thoughts = byId("thoughts", HTMLInputElement);
  readonly #draw = byId("draw", HTMLButtonElement);
  readonly #wrong = byId("wrong", HTMLElement);
  readonly #look: (name: string) => Promise<Model | undefined>;
  readonly #changed: () => void;
  #parent: Entry | undefined;

  /** look: what is known of a model. send: draws. changed: the wish is another one. */
  constructor(look: (name: string) => Promise<Model | undefined>, send: () => void, changed: () => void) {
    this.#look = look;
    this.#changed = changed;
    this.attachments = new Attachments((wrong) => {
      tell(this.#wrong, wrong);
      changed();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
    this.prompt.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#form.requestSubmit();
      }
    });
    this.#form.addEventListener("input", changed);
    for (const field of [this.#model, this.#other]) {
      field.addEventListener("change", () => void this.#modelChanged());
    }
    byId("editing-end", HTMLButtonElement).addEventListener("click", () => {
      this.edit(undefined);
      this.prompt.focus();
    });
  }

  /** The models to choose from. */
  offer(models: readonly Model[]): void {
    const chosen = this.#model.value;
    this.#model.replaceChildren(
      ...models.map(({ name }) => make("option", { value: name }, name)),
      make("option", { value: OTHER }, "Another model…"),
    );
    if (models.some(({ name }) => name === chosen)) {
      this.#model.value = chosen;
    }
    void this.#modelChanged();
  }

  /** What is to be drawn. */
  get wish(): Wish {
    const own = this.#model.value === OTHER;
    const shown = (field: HTMLSelectElement) => (field.closest("label")?.hidden ? "" : field.value);
    return {
      prompt: this.prompt.value.trim(),
      model: own ? this.#other.value.trim() : this.#model.value,
      ratio: shown(this.#ratio),
      size: shown(this.#size),
      thoughts: this.#thoughts.checked && !this.#thoughts.closest("label")?.hidden,
      parent: this.#parent?.id ?? "",
      files: this.attachments.files.map(({ name }) => name),
    };
  }

  /** Whether a drawing is on its way: then there is no other one. */
  set busy(busy: boolean) {
    // Disabled in earnest it would lose the focus.
    this.#draw.setAttribute("aria-disabled", String(busy));
    this.#draw.textContent = busy ? "Drawing…" : this.#parent ? "Draw the edit" : "Draw";
  }

  /** Edits this entry from now on; undefined for none. picture: what it looks like. */
  edit(entry: Entry | undefined, picture = ""): void {
    this.#parent = entry;
    byId("editing", HTMLElement).hidden = entry === undefined;
    byId("editing-picture", HTMLImageElement).src = picture;
    byId("editing-prompt", HTMLElement).textContent = entry?.prompt ?? "";
    byId("prompt-label", HTMLElement).textContent = entry ? "What to change" : "Prompt";
    this.prompt.placeholder = entry ? "Make it night" : "A lighthouse at dusk, in watercolour";
    this.#draw.textContent = entry ? "Draw the edit" : "Draw";
    this.#changed();
  }

  /** Puts a wish into the form again. */
  async refill(wish: Wish): Promise<void> {
    this.prompt.value = wish.prompt;
    const offered = [...this.#model.options].some(({ value }) => value === wish.model);
    this.#model.value = offered ? wish.model : OTHER;
    this.#other.value = offered ? "" : wish.model;
    this.#thoughts.checked = wish.thoughts;
    await this.#modelChanged();
    this.#ratio.value = wish.ratio;
    this.#size.value = wish.size;
    this.#changed();
  }

  async #modelChanged(): Promise<void> {
    const own = this.#model.value === OTHER;
    byId("other-model-field", HTMLElement).hidden = !own;
    this.#other.required = own;
    const { model } = this.wish;
    const known = model ? await this.#look(model) : undefined;
    if (model !== this.wish.model) {
      return; // another one was chosen meanwhile
    }
    fill(this.#ratio, known?.aspectRatios?.values ?? [], "Any");
    fill(this.#size, known?.imageSizes?.values ?? [], "Default");
    byId("thoughts-field", HTMLElement).hidden = !known?.thinkingLevels?.values.length;
    this.#changed();
  }
}

/** Offers these values; hides the field where the model takes none. What was chosen stays, where it still may. */
function fill(field: HTMLSelectElement, values: readonly string[], none: string): void {
  const chosen = field.value;
  field.replaceChildren(make("option", { value: "" }, none), ...values.map((each) => make("option", {}, each)));
  field.value = values.includes(chosen) ? chosen : "";
  const label = field.closest("label");
  if (label) {
    label.hidden = values.length === 0;
  }
}
