/**
 * All errors of this package, as one tree.
 *
 * ImagewireError
 * ├── InvalidRequest      a field is wrong; `violations` names each
 * │   ├── AnswerWillNotFit  the picture may not fit one message; nothing was drawn: stream it
 * │   └── RequestIdReused  another request has this requestId
 * ├── Unauthenticated     no valid credentials
 * ├── PermissionDenied    valid credentials, not allowed
 * ├── NotFound            what was named is not there
 * │   ├── ModelNotFound   no such model, or no such provider
 * │   ├── CompletionNotFound  no such answer is kept for this caller
 * │   └── ImageNotFound   no such picture is kept for this caller
 * ├── RateLimited         too many calls; `retryAfterMs`, where known
 * ├── AnswerTooLarge      drawn, but too large for one message: stream it
 * ├── DeadlineExceeded    out of time
 * ├── Unavailable         no server, one that is stopped, a connection that broke off, or a provider that is down
 * │   └── StoreUnavailable  the store of answers does not work
 * ├── NotSupported        the server does not have this
 * │   └── KeepOff         the server keeps no answers
 * ├── NoPicture           the model answered without a picture
 * │   └── Blocked         because a filter stopped it
 * ├── Cancelled           the call was given up
 * ├── CorruptAnswer       bytes are missing or wrong; nothing of it is to be trusted
 * ├── ServerError         another failure of the server or the provider
 * ├── OutcomeUnknown      the server that drew it ended before the end; it may have been charged
 * └── AnswerNotKept       it was drawn, and may have been charged, but could not be kept
 */
import type { ErrorReason } from "./gen/imagewire/v1/error_reason_pb.js";

/** gRPC's name of a status; NO_PICTURE and BLOCKED of answers without a picture. */
export type StatusCode =
  | "NO_PICTURE"
  | "BLOCKED"
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** The server's word for why a call failed: the names of the contract's ErrorReason. */
export type Reason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED">;

/** A wrong field and what is wrong with it. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** What is known of a failure beside its message. */
export interface ErrorFacts {
  code?: StatusCode;
  reason?: string;
  metadata?: Readonly<Record<string, string>>;
  requestId?: string;
  charged?: boolean;
  retryable?: boolean;
  violations?: readonly Violation[];
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** A call failed. All errors of this package's calls are of this class. */
export class ImagewireError extends Error {
  /** gRPC's name of the status, such as "INVALID_ARGUMENT". */
  readonly code: StatusCode;
  /** The server's stable word, such as "MODEL_NOT_FOUND"; "" when it gave none. New servers may have new words. */
  readonly reason: Reason | (string & {});
  /** What the server says beside the reason. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The id of the call in the server's log. */
  readonly requestId: string;
  /** Whether the call may have been charged. */
  readonly charged: boolean;
  /** Whether the call may be repeated as it is, without being charged twice. */
  readonly retryable: boolean;
  /** The wrong fields. */
  readonly violations: readonly Violation[];
  /** Milliseconds until a repeat makes sense; undefined when unknown. */
  readonly retryAfterMs: number | undefined;

  /** message: what happened, and what to do. */
  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = facts.code ?? "UNKNOWN";
    this.reason = facts.reason ?? "";
    this.metadata = facts.metadata ?? {};
    this.requestId = facts.requestId ?? "";
    this.charged = facts.charged ?? false;
    this.retryable = facts.retryable ?? false;
    this.violations = facts.violations ?? [];
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** A field is wrong; `violations` names each. Nothing was drawn. */
export class InvalidRequest extends ImagewireError {}
/** The picture may not fit into one message. Nothing was drawn: stream it, or raise the limits. */
export class AnswerWillNotFit extends InvalidRequest {}
/** The requestId belongs to another request. Nothing was drawn. */
export class RequestIdReused extends InvalidRequest {}
/** The server's key is missing or wrong. */
export class Unauthenticated extends ImagewireError {}
/** The key is right, but may not do this; or the provider refused the server's credentials. */
export class PermissionDenied extends ImagewireError {}
/** What was named does not exist, or nothing is known of it. */
export class NotFound extends ImagewireError {}
/** No such model, or no provider that serves it. `Client.listModels` has those that are there. */
export class ModelNotFound extends NotFound {}
/** The server keeps no such answer of this caller. */
export class CompletionNotFound extends NotFound {}
/** The server keeps no such picture of this caller. */
export class ImageNotFound extends NotFound {}
/** Too many calls; `retryAfterMs` says when the next makes sense, where that is known. */
export class RateLimited extends ImagewireError {}
/** The answer was drawn, but is too large for one message. Stream it: that has no such limit. */
export class AnswerTooLarge extends ImagewireError {}
/** The call took too long, here or at the provider. The picture may have been drawn and charged. */
export class DeadlineExceeded extends ImagewireError {}
/** No server answers, the server is stopping, the connection broke off, or the provider is down. */
export class Unavailable extends ImagewireError {}
/** The server's store does not work, and the call needs it. Nothing was drawn. */
export class StoreUnavailable extends Unavailable {}
/** The server does not have this. */
export class NotSupported extends ImagewireError {}
/** The server keeps no answers and no pictures. Nothing was drawn. */
export class KeepOff extends NotSupported {}
/** The model answered without a picture. The message says why, and what to do. */
export class NoPicture extends ImagewireError {}
/** A filter stopped the prompt or the picture. `reason`: the provider's word for it. */
export class Blocked extends NoPicture {}
/** The call was cancelled, or the client is closed. `cause`: the AbortSignal's reason. */
export class Cancelled extends ImagewireError {}
/** Bytes of the answer are missing or wrong. Do not use any of it. */
export class CorruptAnswer extends ImagewireError {
  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, { code: "DATA_LOSS", charged: true, ...facts });
  }
}
/** Another failure, of the server or the provider. */
export class ServerError extends ImagewireError {}
/** The server that drew the answer ended before it was complete. It may have been charged. */
export class OutcomeUnknown extends ImagewireError {}
/** The answer was drawn and may have been charged, but could not be kept. */
export class AnswerNotKept extends ImagewireError {}

/** An InvalidRequest for one argument, before anything is sent. description: what is wrong, and the remedy. */
export function invalid(field: string, description: string): InvalidRequest {
  return new InvalidRequest(`${field} ${description}`, {
    code: "INVALID_ARGUMENT",
    violations: [{ field, description }],
  });
}
