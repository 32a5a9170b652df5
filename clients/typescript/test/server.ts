/** A server on a socket of its own, for what needs a connection: how much memory it takes, and how it comes back. */
import { createServer, type Http2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";

/** A server that runs. */
export interface Server {
  readonly port: number;
  /** Ends it, and its connections. */
  stop(): Promise<void>;
}

/** Serves over HTTP/2 on 127.0.0.1. port: 0 for any. */
export async function serve(routes: (router: ConnectRouter) => void, port = 0): Promise<Server> {
  const server = createServer(connectNodeAdapter({ routes }));
  const sessions = new Set<Http2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) {
        session.destroy();
      }
      await closed;
    },
  };
}
