/** The client for browsers: over a transport of yours, such as createConnectTransport of @connectrpc/connect-web. */
import type { Transport } from "@connectrpc/connect";
import { Client as AnyClient } from "./client.js";
import { invalid } from "./errors.js";
import type { BaseOptions } from "./parameters.js";

export * from "./public.js";

/** What a browser's client takes. */
export interface ClientOptions extends BaseOptions {
  /** How to reach the server: Connect or gRPC-Web to its REST port. Its interceptors see every attempt of a call. */
  transport: Transport;
}

/** A client of one server, for any number of calls at once. */
export class Client extends AnyClient {
  constructor(options: ClientOptions) {
    const { transport, ...further } = (options as ClientOptions | null) ?? { transport: null };
    if (typeof transport !== "object" || transport === null) {
      throw invalid(
        "transport",
        "is needed, such as createConnectTransport({ baseUrl, useBinaryFormat: true }) of @connectrpc/connect-web",
      );
    }
    super("the transport", transport, further);
  }
}
