/** A table on the page. Of rows that it has already, it changes what is another text, and nothing else. */
import { byId, make } from "../dom.js";
import type { Cell, Column } from "./cells.js";

interface Row {
  element: HTMLTableRowElement;
  cells: HTMLTableCellElement[];
  shown: string[];
}

/** The columns and rows of the element with this id, whose caption is there. The first cell is a row's header. */
export class Table<T> {
  readonly #columns: readonly Column<T>[];
  readonly #key: (row: T) => string;
  readonly #empty: HTMLTableRowElement;
  readonly #body = make("tbody");
  #rows = new Map<string, Row>();

  /** key: tells a row from the others. empty: what is said where there are none. */
  constructor(id: string, columns: readonly Column<T>[], key: (row: T) => string, empty: string) {
    this.#columns = columns;
    this.#key = key;
    const heads = columns.map(({ title, number }) => make("th", { scope: "col", class: kind(number) }, title));
    const told = make("td", { colspan: String(columns.length), class: "soft" }, empty);
    this.#empty = make("tr", {}, told);
    byId(id, HTMLTableElement).append(make("thead", {}, make("tr", {}, ...heads)), this.#body);
  }

  /** Shows these rows in their order. */
  show(rows: readonly T[], now: number, age: number): void {
    const known = this.#rows;
    this.#rows = new Map();
    for (const given of rows) {
      const key = this.#key(given);
      const row = known.get(key) ?? this.#made();
      this.#columns.forEach((column, at) => {
        fill(row, at, column.cell(given, now, age));
      });
      this.#rows.set(key, row);
    }
    const wanted = rows.length > 0 ? [...this.#rows.values()].map(({ element }) => element) : [this.#empty];
    const kept = new Set(wanted);
    for (const element of [...this.#body.rows]) {
      if (!kept.has(element)) {
        element.remove();
      }
    }
    wanted.forEach((element, at) => {
      if (this.#body.rows[at] !== element) {
        this.#body.insertBefore(element, this.#body.rows[at] ?? null);
      }
    });
  }

  #made(): Row {
    const cells = this.#columns.map(({ number }, at) =>
      at === 0 ? make("th", { scope: "row" }) : make("td", { class: kind(number) }),
    );
    return { element: make("tr", {}, ...cells), cells, shown: cells.map(() => "") };
  }
}

function kind(number = false): string {
  return number ? "number" : "";
}

function fill({ cells, shown }: Row, at: number, cell: Cell): void {
  const text = JSON.stringify(cell);
  if (shown[at] !== text) {
    shown[at] = text;
    cells[at]?.replaceChildren(element(cell), ...(cell.more ? [make("span", { class: "more" }, cell.more)] : []));
  }
}

/** What a cell says, with its exact value behind it. */
export function element({ text, exact, time, tone }: Cell): HTMLElement {
  if (time !== undefined) {
    const attributes = { datetime: time, title: new Date(time).toLocaleString() };
    return make("time", { ...attributes, class: tone ?? "" }, text);
  }
  return make("span", { class: tone ?? "", title: exact ?? false }, text);
}
