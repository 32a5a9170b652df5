/** Listening to AbortSignals that many calls share: Node warns of a leak where one signal has more than ten listeners. */

/** A signal's listeners, behind the one that it knows. */
interface Shared {
  readonly listeners: Set<() => void>;
  readonly tell: () => void;
}

const shared = new WeakMap<AbortSignal, Shared>();

/** Listens, once, for one of these signals. Returns what stops listening: a caller's signal may live for long. */
export function onAbort(signals: readonly AbortSignal[], listener: () => void): () => void {
  // A function of its own, so that the same listener can be added twice.
  const own = () => {
    listener();
  };
  for (const signal of signals) {
    add(signal, own);
  }
  return () => {
    for (const signal of signals) {
      remove(signal, own);
    }
  };
}

function add(signal: AbortSignal, listener: () => void): void {
  let found = shared.get(signal);
  if (found === undefined) {
    const listeners = new Set<() => void>();
    const tell = () => {
      for (const each of [...listeners]) {
        each();
      }
    };
    found = { listeners, tell };
    shared.set(signal, found);
    signal.addEventListener("abort", tell);
  }
  found.listeners.add(listener);
}

function remove(signal: AbortSignal, listener: () => void): void {
  const found = shared.get(signal);
  if (found?.listeners.delete(listener) && found.listeners.size === 0) {
    shared.delete(signal);
    signal.removeEventListener("abort", found.tell);
  }
}
