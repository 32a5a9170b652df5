/** Translates connect's errors: google.rpc.Status by tables of reasons and codes, failures of the connection by cause. */
import { Code, ConnectError } from "@connectrpc/connect";
import * as errors from "./errors.js";
import { ImagewireError, type StatusCode } from "./errors.js";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "./gen/google/rpc/error_details_pb.js";

type Kind = new (message: string, facts: errors.ErrorFacts) => ImagewireError;

const DOMAIN = "imagewire.dev";
/** Reasons that the status does not tell: in the middle of an answer it is always ABORTED. */
const BY_REASON: Partial<Record<string, Kind>> = {
  ANSWER_NOT_KEPT: errors.AnswerNotKept,
  ANSWER_TOO_LARGE: errors.AnswerTooLarge,
  ANSWER_WILL_NOT_FIT: errors.AnswerWillNotFit,
  BUDGET_TOO_SMALL: errors.NotSupported,
  COMPLETION_NOT_FOUND: errors.CompletionNotFound,
  IMAGE_NOT_FOUND: errors.ImageNotFound,
  KEEP_OFF: errors.KeepOff,
  MODEL_NOT_FOUND: errors.ModelNotFound,
  OUTCOME_UNKNOWN: errors.OutcomeUnknown,
  PICTURE_WITHHELD: errors.NoPicture,
  PRICE_UNKNOWN: errors.NotSupported,
  REQUEST_ID_REUSED: errors.RequestIdReused,
  SHUTTING_DOWN: errors.Unavailable,
  STORE_UNAVAILABLE: errors.StoreUnavailable,
  UPSTREAM_INTERNAL: errors.Unavailable,
  UPSTREAM_QUOTA_EXHAUSTED: errors.RateLimited,
  UPSTREAM_RATE_LIMITED: errors.RateLimited,
  UPSTREAM_TOO_LARGE: errors.ServerError,
  UPSTREAM_UNAVAILABLE: errors.Unavailable,
  UPSTREAM_UNEXPECTED_STATUS: errors.ServerError,
} satisfies Partial<Record<errors.Reason, Kind>>;
const BY_CODE: Partial<Record<Code, Kind>> = {
  [Code.InvalidArgument]: errors.InvalidRequest,
  [Code.OutOfRange]: errors.InvalidRequest,
  [Code.Unauthenticated]: errors.Unauthenticated,
  [Code.PermissionDenied]: errors.PermissionDenied,
  [Code.NotFound]: errors.NotFound,
  [Code.ResourceExhausted]: errors.RateLimited,
  [Code.DeadlineExceeded]: errors.DeadlineExceeded,
  [Code.Unavailable]: errors.Unavailable,
  [Code.Unimplemented]: errors.NotSupported,
  [Code.Canceled]: errors.Cancelled,
  [Code.DataLoss]: errors.CorruptAnswer,
};
/** Whether a repeat costs nothing, but would not help within any reasonable wait. pushback: what the server asks for. */
function isLasting(reason: string, pushback: string | null): boolean {
  return reason === "UPSTREAM_QUOTA_EXHAUSTED" || (reason === "BUDGET_EXHAUSTED" && pushback === null);
}
/** Node's names of what comes before a request is sent. The same codes tell of connections that were lost too. */
const CONNECTING = new Set(["connect", "getaddrinfo"]);
const NO_TRUST = /^(ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)|EPROTO/;
const MAY_BE_CHARGED = "what was asked may have been drawn and charged";

/** What went wrong with the connection itself. */
type Own = "unsent" | "untrusted" | "broke" | "deadline" | "too large here" | "too large there" | "corrupt";

/** A failure of an attempt. */
export interface Failure {
  readonly error: ImagewireError;
  /** Whether no server was found: nothing was sent, and a moment later it may be. */
  readonly unsent: boolean;
  /** Whether the connection was lost behind the request. */
  readonly broke: boolean;
}

/** gRPC's name of a code. */
function nameOf(code: Code): StatusCode {
  if (code === Code.Canceled) {
    return "CANCELLED";
  }
  return Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() as StatusCode;
}

function causesOf(error: unknown): NodeJS.ErrnoException[] {
  const causes: Error[] = [];
  for (let at: unknown = error; at instanceof Error && causes.length < 8; at = at.cause) {
    causes.push(at);
  }
  return causes;
}

/** Whether no connection was made: to the one address, or to any of several. */
function isUnsent(error: NodeJS.ErrnoException): boolean {
  return error instanceof AggregateError ? error.errors.every(isUnsent) : CONNECTING.has(error.syscall ?? "");
}

function own(error: ConnectError): Own | undefined {
  const words = error.rawMessage;
  if (error.code === Code.ResourceExhausted) {
    return words.includes("readMaxBytes")
      ? "too large here"
      : words.includes("larger than max")
        ? "too large there"
        : undefined;
  }
  if (error.metadata.has("grpc-status")) {
    return error.code === Code.Unavailable ? "broke" : undefined;
  }
  if (error.code === Code.DeadlineExceeded) {
    return "deadline";
  }
  const causes = causesOf(error);
  if (causes.some(isUnsent)) {
    return "unsent";
  }
  if (causes.some(({ code }) => typeof code === "string" && NO_TRUST.test(code))) {
    return "untrusted";
  }
  return words.startsWith("parse binary") || error.code === Code.DataLoss
    ? "corrupt"
    : /^HTTP \d|serialize/.test(words)
      ? undefined
      : "broke";
}

/**
 * Translates an error of an attempt. target: the server's address, for messages about the connection.
 *
 * requestId: the one that the call was sent with. draws: whether the call may have been charged.
 * isLate: whether the call's deadline has passed, which a server may notice first, and end the call by any code.
 */
export function failure(reason: unknown, target: string, requestId: string, draws: boolean, isLate: boolean): Failure {
  const error = ConnectError.from(reason);
  const info = error.findDetails(ErrorInfoSchema).find((detail) => detail.domain === DOMAIN);
  if (info === undefined) {
    return ownFailure(error, target, requestId, draws, isLate);
  }
  const Made = BY_REASON[info.reason] ?? BY_CODE[error.code] ?? errors.ServerError;
  const pushback = error.metadata.get("grpc-retry-pushback-ms");
  // What is no time is gRPC's word for "never".
  const never = pushback !== null && !/^\d{1,15}$/.test(pushback);
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const waits = [
    ...(delay ? [Number(delay.seconds) * 1000 + delay.nanos / 1e6] : []),
    ...(pushback === null || never ? [] : [Number(pushback)]),
  ];
  const refused =
    Made.prototype instanceof errors.Unavailable || Made === errors.Unavailable || Made === errors.RateLimited;
  // The server never uses these for a call that may have been charged.
  const free = error.code === Code.Unavailable || error.code === Code.ResourceExhausted;
  const made = new Made(error.rawMessage, {
    code: nameOf(error.code),
    reason: info.reason,
    metadata: info.metadata,
    requestId: error.findDetails(RequestInfoSchema)[0]?.requestId || requestId,
    charged: pushback === "-1",
    retryable: refused && free && !isLasting(info.reason, pushback) && !never,
    violations: error
      .findDetails(BadRequestSchema)
      .flatMap((bad) => bad.fieldViolations)
      .map(({ field, description }) => ({ field, description })),
    retryAfterMs: waits.length > 0 ? Math.max(0, ...waits) : undefined,
  });
  return { error: made, unsent: false, broke: false };
}

function ownFailure(error: ConnectError, target: string, requestId: string, draws: boolean, isLate: boolean): Failure {
  const seen = own(error);
  const kind = isLate && (seen === "broke" || error.code === Code.Canceled) ? "deadline" : seen;
  const words = error.rawMessage;
  const made = (Made: Kind, message: string, facts: errors.ErrorFacts): Failure => ({
    error: new Made(message, { code: nameOf(error.code), requestId, cause: error, ...facts }),
    unsent: kind === "unsent",
    broke: kind === "broke",
  });
  switch (kind) {
    case "unsent":
      return made(
        errors.Unavailable,
        `no imagewire server answers at ${target} (${words}): start one with \`imagewire-server serve\`, or name another` +
          " with target or IMAGEWIRE_TARGET",
        { code: "UNAVAILABLE", retryable: true },
      );
    case "untrusted":
      return made(
        errors.Unavailable,
        `no TLS with ${target} (${words}): it speaks none, or its certificate is not trusted or for another name; check` +
          " the address, and tls.ca",
        { code: "UNAVAILABLE" },
      );
    case "broke": {
      const bill = draws ? `: ${MAY_BE_CHARGED}: check whether you were billed before repeating` : "";
      const message = `the connection to ${target} broke off (${words})${bill}`;
      return made(errors.Unavailable, message, { code: "UNAVAILABLE", charged: draws, retryable: !draws });
    }
    case "deadline": {
      const message = `the call's deadline passed: allow more time with timeoutMs${draws ? `; ${MAY_BE_CHARGED}` : ""}`;
      return made(errors.DeadlineExceeded, message, { code: "DEADLINE_EXCEEDED", charged: draws });
    }
    case "too large here":
      return made(
        errors.AnswerTooLarge,
        "the answer is drawn but larger than this client takes in one message: raise maxMessageBytes, or stream it",
        { charged: draws },
      );
    case "too large there":
      return made(
        errors.InvalidRequest,
        `the request is larger than ${target} takes: send fewer or smaller pictures`,
        {},
      );
    case "corrupt":
      return made(errors.CorruptAnswer, `a message of ${target} cannot be read (${words})`, { code: "DATA_LOSS" });
    case undefined:
      return made(BY_CODE[error.code] ?? errors.ServerError, words || nameOf(error.code), { charged: draws });
  }
}
