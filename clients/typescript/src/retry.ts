/** When a call is repeated: only where nothing can have been charged, by the server's word or because it never left. */
import type { Failure } from "./status.js";

/** How often a call is repeated at most, by default. */
export const RETRIES = 2;
const FIRST_MS = 500;
const LONGEST_MS = 8000;
/** How often at most where it costs nothing and brought nothing new: many calls share a connection that breaks again. */
const FREE = 8;
/** How long a call that could not be sent is made again and again, and how often: a server may be starting anew. */
const UNSENT_MS = 2000;
const BETWEEN_MS = 200;
/** When a server asks for a longer wait than this, the caller gets the error. */
const MOST_PATIENCE_MS = 60_000;

/** The attempts of one call. retries: how many may follow the first. timeoutMs: for all of them. */
export class Attempts {
  readonly #retries: number;
  readonly #deadline: number;
  #made = 0;
  #unsentSince: number | undefined;

  constructor(retries: number, timeoutMs: number) {
    this.#retries = retries;
    this.#deadline = performance.now() + timeoutMs;
  }

  /** Milliseconds that are left for the next attempt; Infinity for no limit. */
  left(): number {
    return Math.max(0, this.#deadline - performance.now());
  }

  /** More of the answer has come: the next attempt is the first again. */
  madeProgress(): void {
    this.#made = 0;
  }

  /**
   * Milliseconds to wait before the next attempt. Throws the error when there is none.
   *
   * begun: whether the answer had begun, so that nothing can be asked anew. free: whether the next attempt costs nothing.
   */
  delay({ error, unsent }: Failure, begun: boolean, free: boolean): number {
    if (unsent && this.#retries > 0) {
      this.#unsentSince ??= performance.now();
      if (performance.now() - this.#unsentSince >= UNSENT_MS || this.left() <= BETWEEN_MS) {
        throw error;
      }
      return BETWEEN_MS;
    }
    this.#unsentSince = undefined;
    const most = free && this.#retries > 0 ? FREE : this.#retries;
    if ((!free && (begun || !error.retryable)) || this.#made >= most) {
      throw error;
    }
    const growing = Math.min(FIRST_MS * 2 ** this.#made, LONGEST_MS) * (0.5 + Math.random() / 2);
    const wait = Math.max(growing, error.retryAfterMs ?? 0);
    if (wait > MOST_PATIENCE_MS || wait >= this.left()) {
      throw error;
    }
    this.#made += 1;
    return wait;
  }
}
