/** Elements: found by their ids, and made. No text ever becomes markup. */

/** The element with this id. Throws where the page has none of this kind. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) {
    throw new Error(`the page has no ${kind.name} #${id}`);
  }
  return found;
}

/** Makes an element. attributes: by their names in HTML; true is one without a value, false none. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children);
  return made;
}

/** Shows an element with this text; hides it where there is none. */
export function tell(element: HTMLElement, text: string): void {
  element.hidden = text === "";
  element.textContent = text;
}
