/** The server that served the page, and the key for it, which is nowhere but in memory. */
import { createConnectTransport } from "@connectrpc/connect-web";
import { type AnswerStream, Client, ImagewireError, Unauthenticated } from "../src/browser.js";
import type { Model } from "../src/v1.js";
import type { Entry, Problem, Wish } from "./entry.js";

/** The server. */
export class Server {
  /** Where it is, without a slash at the end. */
  readonly url: string;
  #client: Client;
  /** Asks a person for the key; undefined where there is none to be had. */
  readonly #ask: (wrong: boolean) => Promise<string | undefined>;
  #hasKey = false;
  #asked: Promise<boolean> | undefined;

  constructor(url: string, ask: (wrong: boolean) => Promise<string | undefined>) {
    this.url = url;
    this.#client = clientOf(url);
    this.#ask = ask;
  }

  /** Makes a call. Where the server asks for a key, a person is asked for it, and the call is made again. */
  async call<T>(make: (client: Client) => Promise<T>): Promise<T> {
    for (;;) {
      const client = this.#client;
      try {
        return await make(client);
      } catch (error) {
        if (!(error instanceof Unauthenticated)) {
          throw error;
        }
        // Of several calls that were refused, one asks.
        if (this.#client === client && !(await (this.#asked ??= this.changeKey()))) {
          throw error;
        }
      }
    }
  }

  /** Asks for another key. Returns whether there is one. */
  async changeKey(): Promise<boolean> {
    try {
      const key = await this.#ask(this.#hasKey);
      if (key === undefined) {
        return false;
      }
      this.#client = clientOf(this.url, key);
      this.#hasKey = true;
      return true;
    } finally {
      this.#asked = undefined;
    }
  }

  /** The models that it draws with. */
  models(): Promise<Model[]> {
    return this.call((client) => client.listModels());
  }

  /** What is known of a model; undefined for nothing. It may draw nevertheless. */
  async model(name: string): Promise<Model | undefined> {
    try {
      return await this.call((client) => client.getModel(name));
    } catch (error) {
      if (error instanceof ImagewireError) {
        return undefined;
      }
      throw error;
    }
  }

  /** The file of a picture that it keeps. */
  async picture(imageId: string): Promise<Blob> {
    const { data, mimeType } = await this.call((client) => client.download(imageId));
    return new Blob([data as BlobPart], { type: mimeType });
  }

  /** Begins to draw. parent: the entry that is edited; pictures: the files that are sent. */
  stream(wish: Wish, parent: Entry | undefined, pictures: Uint8Array[], signal: AbortSignal): AnswerStream {
    return this.#client.stream(wish.prompt, {
      model: wish.model,
      images: pictures,
      aspectRatio: wish.ratio || undefined,
      imageSize: wish.size || undefined,
      includeThoughts: wish.thoughts || undefined,
      previousCompletionId: parent?.completionId || undefined,
      // Who presses "Cancel" does not want to pay.
      onDisconnect: "cancel",
      keepBytes: false,
      signal,
    });
  }
}

/** An error, for people. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof ImagewireError)) {
    return { title: "This page failed", detail: String(error), fields: [], requestId: "" };
  }
  const { message, charged, retryAfterMs, violations, requestId, reason } = error;
  const wait = retryAfterMs === undefined ? "" : ` Try again in ${Math.ceil(retryAfterMs / 1000)} s.`;
  const said = message.includes("charged");
  const bill = said ? "" : charged ? " It may have been charged." : " Nothing was charged.";
  const fields = violations.length > 1 ? violations.map(({ field, description }) => `${field} ${description}`) : [];
  return { title: titleOf(error), detail: sentence(message) + wait + bill, fields, requestId: requestId || reason };
}

function titleOf({ name, reason }: ImagewireError): string {
  const byProvider = reason.startsWith("UPSTREAM_") ? PROVIDERS[name] : undefined;
  if (name === "Unavailable" && !byProvider && reason) {
    return "The server cannot draw now";
  }
  return byProvider ?? (reason === "NO_IMAGE" ? TITLES.NoPicture : TITLES[name]) ?? "The picture was not drawn";
}

const PROVIDERS: Record<string, string> = {
  RateLimited: "The provider's limit is reached",
  Unavailable: "The provider cannot answer now",
  CorruptAnswer: "The provider's answer is not whole",
};

const TITLES: Record<string, string> = {
  InvalidRequest: "The request is not right",
  Unauthenticated: "The server asks for a key",
  PermissionDenied: "This key may not do this",
  ModelNotFound: "The server has no such model",
  RateLimited: "Too much at once",
  Unavailable: "The server cannot be reached",
  DeadlineExceeded: "It took too long",
  Blocked: "A filter stopped it",
  NoPicture: "The model drew no picture",
  CorruptAnswer: "The picture arrived damaged",
};

function sentence(text: string): string {
  const startsWithField = /^[\w.[\]]+: /.test(text);
  const first = startsWithField ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function clientOf(url: string, apiKey?: string): Client {
  return new Client({ transport: createConnectTransport({ baseUrl: url, useBinaryFormat: true }), apiKey });
}
