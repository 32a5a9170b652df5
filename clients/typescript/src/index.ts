/** The client for Node: gRPC over HTTP/2. */
import { Client as AnyClient } from "./client.js";
import { type ClientOptions, connectTo } from "./node.js";
import type { BaseOptions } from "./parameters.js";

export type { ClientOptions, Tls } from "./node.js";
export * from "./public.js";

/** A client of one server, for any number of calls at once. It connects by itself, and again. Close it when you are done. */
export class Client extends AnyClient {
  readonly #close: () => void;

  /**
   * target: "host:port", "https://host[:port]" for TLS, "http://host[:port]", or "unix:/path". Default: the environment's
   * IMAGEWIRE_TARGET, else "127.0.0.1:50051".
   */
  constructor(target?: string, options: ClientOptions = {}) {
    const { name, transport, close } = connectTo(target, options);
    super(name, transport, { ...options, tls: undefined, interceptors: undefined } as BaseOptions);
    this.#close = close;
  }

  override close(): void {
    super.close();
    this.#close();
  }
}
