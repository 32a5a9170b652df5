/** Node's part: targets, TLS, the transport, and files. */
import { createHash, randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import type { ClientHttp2Stream, OutgoingHttpHeaders, SecureClientSessionOptions } from "node:http2";
import { connect } from "node:net";
import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { invalid } from "./errors.js";
import { type BaseOptions, checkOptions } from "./parameters.js";
import { platform } from "./platform.js";
import { checkNames } from "./strict.js";

/** Certificates, as PEM. */
export interface Tls {
  /** The authorities to trust. Default: those of Node. */
  ca?: string | Uint8Array | undefined;
  /** The client's own certificate, with its chain, for servers that ask for one. Needs `key`. */
  cert?: string | Uint8Array | undefined;
  /** The private key of `cert`. */
  key?: string | Uint8Array | undefined;
  /** The name that the server's certificate must have. Default: the target's host. */
  serverName?: string | undefined;
}

/** What Node's client takes. */
export interface ClientOptions extends BaseOptions {
  /** Whether to use TLS, and how. Default: TLS for "https://" alone. */
  tls?: boolean | Tls | undefined;
  /** Connect's interceptors. The first one sees a call first; each is called once for every attempt of a call. */
  interceptors?: Interceptor[] | undefined;
}

const DEFAULT_TARGET = "127.0.0.1:50051";
/** What may be on its way of one picture, and of all: larger than HTTP/2's own 64 KiB, which a fast network outruns. */
const WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 4 * WINDOW;

platform.hash = () => createHash("sha256");
platform.environment = (name) => process.env[name];
platform.save = async (path, data) => {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, data, { flag: "wx" });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  return path;
};

/** As a failure to connect is: nothing was sent. */
function hungUp(): NodeJS.ErrnoException {
  const words = "it hangs up at once: it may want TLS (https://, or tls), or a certificate of yours";
  return Object.assign(new Error(words), { syscall: "connect" });
}

/** A connection whose flow is not held up by small windows, and of which is known whether a server speaks there. */
class Sessions extends Http2SessionManager {
  #session: ClientHttp2Stream["session"];
  /** A server's settings come before anything else; who has sent none has taken no request. */
  readonly #greeted = new WeakSet<object>();

  override async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: object,
  ): Promise<ClientHttp2Stream> {
    const stream = await super.request(method, path, headers, options);
    if (stream.session && stream.session !== this.#session) {
      const session = (this.#session = stream.session);
      session.setLocalWindowSize(CONNECTION_WINDOW);
      session.once("remoteSettings", () => this.#greeted.add(session));
    }
    const { session } = stream;
    let left = false;
    // What came and was not read would hold a cancelled stream open, and with it the process.
    const close = stream.close.bind(stream);
    stream.close = (code, callback) => {
      // Where the session itself closes its streams, it has lost its socket.
      left ||= session !== undefined && !session.destroyed && !session.socket.destroyed;
      close(code, callback);
      stream.destroy();
    };
    const destroy = stream._destroy.bind(stream);
    stream._destroy = (error, callback) => {
      destroy(left || (session && this.#greeted.has(session)) ? error : hungUp(), callback);
    };
    return stream;
  }
}

/** A transport to a target, what it is called in messages, and what ends its connections. */
export function connectTo(given: string | undefined, options: ClientOptions) {
  const maxMessageBytes = checkOptions(options, ["tls", "interceptors"]);
  const { tls = false, interceptors = [] } = options;
  if (typeof tls !== "boolean") {
    checkNames(tls, ["ca", "cert", "key", "serverName"], "option of tls", "tls");
    if ((tls.cert === undefined) !== (tls.key === undefined)) {
      throw invalid("tls", "cert and key go together; give both or neither");
    }
  }
  const { name, url, path } = parseTarget(given, tls !== false);
  const { ca, cert, key, serverName } = typeof tls === "object" ? tls : {};
  const pem = (value: string | Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value));
  const nodeOptions: SecureClientSessionOptions = {
    settings: { initialWindowSize: WINDOW },
    ...(ca !== undefined && { ca: pem(ca) }),
    ...(cert !== undefined && { cert: pem(cert), key: pem(key) }),
    ...(serverName !== undefined && { servername: serverName }),
    ...(path && { createConnection: () => connect(path) }),
  };
  // A model may think in silence for minutes: pings tell a dead peer from a busy one.
  const sessions = new Sessions(url, { pingIntervalMs: 30_000, pingTimeoutMs: 10_000 }, nodeOptions);
  const transport: Transport = createGrpcTransport({
    baseUrl: url,
    sessionManager: sessions,
    interceptors,
    readMaxBytes: maxMessageBytes,
  });
  return {
    name,
    transport,
    close: () => {
      sessions.abort();
    },
  };
}

function parseTarget(target: string | undefined, secure: boolean): { name: string; url: string; path?: string } {
  if (target !== undefined && typeof target !== "string") {
    throw invalid("target", "must be a string; write host:port, https://host or unix:/path");
  }
  const given = target ?? (process.env.IMAGEWIRE_TARGET || DEFAULT_TARGET);
  const path = /^unix:(?:\/\/(?=\/))?(.+)$/.exec(given)?.[1];
  if (path !== undefined) {
    if (secure) {
      throw invalid("tls", "is for hosts, and the target is a socket of this machine");
    }
    return { name: given, url: "http://localhost", path };
  }
  const isUrl = /^https?:\/\//.test(given);
  const remedy = "is no server's address; write host:port, https://host or unix:/path";
  const written = isUrl ? given : `${secure ? "https" : "http"}://${given}`;
  if (
    given === "embedded" ||
    (!isUrl && !/^(\[[\w:.%]+\]|[^\s/:@?#[\]]+)(:\d+)?$/.test(given)) ||
    !URL.canParse(written)
  ) {
    throw invalid("target", `${JSON.stringify(given.replace(/^.*@/s, "...@"))} ${remedy}`);
  }
  const url = new URL(written);
  if (url.pathname !== "/" || url.search || url.hash || url.username || url.password) {
    throw invalid("target", `${JSON.stringify(url.host)} has more than a host and a port; write https://host:port`);
  }
  if (secure && url.protocol === "http:") {
    throw invalid("tls", "is set, and the target says http://; write https://");
  }
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return { name: `${url.hostname}:${port}`, url: url.origin };
}
