/** The call that is shown, as code: one language at a time, chosen as tabs are. */
import { type Call, type Language, LANGUAGES, programs } from "./code.js";
import { byId, make } from "./dom.js";

export class CodePanel {
  readonly #tabs = new Map<Language, HTMLButtonElement>();
  readonly #snippet = byId("snippet", HTMLElement);
  readonly #listing = byId("listing", HTMLElement);
  #language: Language = "curl";
  #made: Record<Language, string> | undefined;

  constructor() {
    const list = byId("languages", HTMLElement);
    for (const language of LANGUAGES) {
      const id = `tab-${language}`;
      const tab = make("button", { type: "button", role: "tab", id, "aria-controls": "listing" }, language);
      tab.addEventListener("click", () => {
        this.#choose(language);
      });
      this.#tabs.set(language, tab);
      list.append(tab);
    }
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step !== undefined) {
        const at = LANGUAGES.indexOf(this.#language) + step + LANGUAGES.length;
        const next = LANGUAGES[at % LANGUAGES.length] ?? "curl";
        this.#choose(next);
        this.#tabs.get(next)?.focus();
      }
    });
    const copy = byId("copy", HTMLButtonElement);
    copy.addEventListener("click", () => {
      void this.#copy().then((done) => {
        copy.textContent = done ? "Copied" : "Press Ctrl+C";
        setTimeout(() => (copy.textContent = "Copy"), 2000);
      });
    });
    this.#choose("curl");
  }

  /** Shows this call. */
  show(call: Call, url: string, hasKey: boolean): void {
    this.#made = programs(call, url, hasKey);
    this.#snippet.textContent = this.#made[this.#language];
  }

  #choose(language: Language): void {
    this.#language = language;
    for (const [name, tab] of this.#tabs) {
      tab.setAttribute("aria-selected", String(name === language));
      tab.tabIndex = name === language ? 0 : -1;
    }
    this.#listing.setAttribute("aria-labelledby", `tab-${language}`);
    this.#snippet.textContent = this.#made?.[language] ?? "";
  }

  /** Copies it; where the browser does not allow that, selects it. */
  async #copy(): Promise<boolean> {
    try {
      await navigator.clipboard.writeText(this.#snippet.textContent);
      return true;
    } catch {
      getSelection()?.selectAllChildren(this.#snippet);
      return false;
    }
  }
}
