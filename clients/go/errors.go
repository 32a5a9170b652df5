package imagewire

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// Kind is what [errors.Is] asks an [Error] for: the name of its status or its reason. Kind("UPSTREAM_CUT") fits where
// no constant does.
type Kind string

func (k Kind) Error() string { return string(k) }

// Kinds of errors by their status, whatever the reason.
const (
	// ErrInvalidRequest: a field is wrong; [Error.Violations] names each. Nothing was drawn.
	ErrInvalidRequest = Kind("INVALID_ARGUMENT")
	// ErrUnauthenticated: the server's key is missing or wrong.
	ErrUnauthenticated = Kind("UNAUTHENTICATED")
	// ErrPermissionDenied: the key is right, but may not do this.
	ErrPermissionDenied = Kind("PERMISSION_DENIED")
	// ErrNotFound: what was named is not there.
	ErrNotFound = Kind("NOT_FOUND")
	// ErrRateLimited: too many calls; [Error.RetryAfter] says when the next makes sense, if that is known.
	ErrRateLimited = Kind("RESOURCE_EXHAUSTED")
	// ErrDeadlineExceeded: out of time. It is also context.DeadlineExceeded.
	ErrDeadlineExceeded = Kind("DEADLINE_EXCEEDED")
	// ErrUnavailable: no server, one that is stopped, a connection that broke off, or a provider that is down.
	ErrUnavailable = Kind("UNAVAILABLE")
	// ErrCancelled: the call was given up. It is also context.Canceled if the caller's context was.
	ErrCancelled = Kind("CANCELLED")
	// ErrCorruptAnswer: bytes are missing or wrong; nothing of the answer is to be trusted.
	ErrCorruptAnswer = Kind("DATA_LOSS")
	// ErrNoPicture: the model answered without a picture; the reason is the provider's word.
	ErrNoPicture = Kind("NO_PICTURE")
	// ErrBlocked: the same, because a filter stopped it. It is also ErrNoPicture.
	ErrBlocked = Kind("BLOCKED")
)

// Kinds of errors by their reason, of which the contract (error_reason.proto) has more.
const (
	ErrAnswerWillNotFit = Kind("ANSWER_WILL_NOT_FIT")
	ErrAnswerTooLarge   = Kind("ANSWER_TOO_LARGE")
	ErrModelNotFound    = Kind("MODEL_NOT_FOUND")
	ErrOverloaded       = Kind("OVERLOADED")
	ErrRequestIDReused  = Kind("REQUEST_ID_REUSED")
	ErrOutcomeUnknown   = Kind("OUTCOME_UNKNOWN")
	ErrAnswerNotKept    = Kind("ANSWER_NOT_KEPT")
	// ErrCompletionNotFound: the server keeps no such answer of this caller.
	ErrCompletionNotFound = Kind("COMPLETION_NOT_FOUND")
	ErrImageNotFound      = Kind("IMAGE_NOT_FOUND")
	ErrStoreUnavailable   = Kind("STORE_UNAVAILABLE")
	ErrKeepOff            = Kind("KEEP_OFF")
	ErrCallerNotAllowed   = Kind("CALLER_NOT_ALLOWED")
	ErrCallerLimited      = Kind("CALLER_LIMITED")
	ErrBudgetExhausted    = Kind("BUDGET_EXHAUSTED")
)

// Violation is one wrong field of a request.
type Violation struct{ Field, Description string }

// Error is a call that failed. All errors of calls are of this type; [errors.Is] tells the [Kind].
type Error struct {
	// Code is gRPC's name of the status, for example "NOT_FOUND", or "NO_PICTURE" or "BLOCKED".
	Code string
	// Reason is the server's stable word, for example "MODEL_NOT_FOUND"; empty if it gave none.
	Reason string
	// Message is what happened, and what to do.
	Message string
	// Metadata is what the server says beside the reason.
	Metadata map[string]string
	// RequestID is the id of the call in the server's log.
	RequestID string
	// Violations are the wrong fields.
	Violations []Violation
	// RetryAfter is how long to wait before a repeat makes sense; 0 if that is unknown.
	RetryAfter time.Duration
	// Retryable says whether the call may be repeated without being charged twice.
	Retryable bool

	cause error
}

func (e *Error) Error() string {
	name := e.Code
	if e.Reason != "" && e.Reason != e.Code {
		name += " " + e.Reason
	}
	return fmt.Sprintf("imagewire: %s: %s", name, e.Message)
}

// Is reports whether the error is of a [Kind].
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && (string(kind) == e.Code || string(kind) == e.Reason || kind == ErrNoPicture && e.Code == string(ErrBlocked))
}

// Unwrap is the error of the caller's context, if that ended the call; os.ErrClosed of a picture that is read after Close.
func (e *Error) Unwrap() error { return e.cause }

// ErrorReason is the contract's value of the reason, ERROR_REASON_UNSPECIFIED if this client does not know it.
func (e *Error) ErrorReason() imagewirev1.ErrorReason {
	return imagewirev1.ErrorReason(imagewirev1.ErrorReason_value["ERROR_REASON_"+e.Reason])
}

// invalid is an error of one argument, before anything is sent.
func invalid(field, description string) *Error {
	return &Error{
		Code: string(ErrInvalidRequest), Message: field + " " + description, Violations: []Violation{{field, description}},
	}
}

func corrupt(format string, values ...any) *Error {
	return &Error{Code: string(ErrCorruptAnswer), Message: fmt.Sprintf(format, values...)}
}

const (
	mayBeCharged   = "what was asked may have been drawn and charged"
	nothingCharged = "nothing was drawn or charged"
)

// The texts of errors that this client has before it sends an attempt: the context is done, or the client is closed.
const (
	beforeSent   = "done before the call was sent"
	clientClosed = "closed before the call was sent"
)

// own is a failure that gRPC itself reports, without a reason; it is known by its code and a part of its text.
type own struct {
	code    codes.Code
	words   string
	name    string
	message string
	// Whether nothing was sent; whether the connection was lost behind the request.
	unsent, broke bool
	// What follows the message of a call that draws.
	charged string
}

var noServer = "no imagewire server answers at %s: start one with `imagewire-server serve`, or name another with IMAGEWIRE_TARGET"
var hangsUp = "%s hangs up at once: it may want TLS (https://, or WithTLS), or a certificate of yours"
var brokeOff = "the connection to %s broke off"
var noConnection = "the deadline of the call to %s passed before there was a connection: allow more time, or see that the server runs"
var unsentCall = "the call to %s was given up before it was sent"
var free = "; " + nothingCharged
var checkBill = ": " + mayBeCharged + ": check whether you were billed before repeating"

// The first row that fits counts. A call may have been charged unless it surely failed before it reached the server.
var owns = []own{
	// In front of those whose text it quotes: the server had said that it would end a connection in use, and did.
	{codes.Unavailable, "closing transport due to", "UNAVAILABLE", brokeOff, false, true, checkBill},
	{codes.Unavailable, "authentication handshake failed", "UNAVAILABLE", "no TLS with %s: it speaks none, or its certificate is not trusted or for another name, or it wants one of yours", false, false, ""},
	{codes.Unavailable, "error reading server preface", "UNAVAILABLE", hangsUp, true, false, ""},
	// So gRPC says that the first bytes behind a handshake could not be written.
	{codes.Unavailable, "write tcp", "UNAVAILABLE", hangsUp, true, false, ""},
	{codes.Unavailable, "connection error", "UNAVAILABLE", noServer, true, false, ""},
	{codes.Unavailable, "name resolver error", "UNAVAILABLE", noServer, true, false, ""},
	{codes.Unavailable, "", "UNAVAILABLE", brokeOff, false, true, checkBill},
	{codes.Internal, "RST_STREAM", "UNAVAILABLE", brokeOff, false, true, checkBill},
	{codes.Internal, "unexpected EOF", "UNAVAILABLE", brokeOff, false, true, checkBill},
	{codes.Internal, "without sending trailers", "UNAVAILABLE", brokeOff, false, true, checkBill},
	{codes.Unknown, "EOF", "UNAVAILABLE", brokeOff, false, true, checkBill},
	{codes.DeadlineExceeded, beforeSent, "DEADLINE_EXCEEDED", "the deadline of the call to %s passed before it was sent: allow more time", true, false, free},
	{codes.DeadlineExceeded, "latest balancer error", "DEADLINE_EXCEEDED", noConnection, true, false, free},
	{codes.DeadlineExceeded, "waiting for new LB policy", "DEADLINE_EXCEEDED", noConnection, true, false, free},
	{codes.DeadlineExceeded, "", "DEADLINE_EXCEEDED", "the deadline of the call to %s passed: allow more time", false, false, "; " + mayBeCharged},
	{codes.Canceled, "client connection is closing", "CANCELLED", "the client of %s was closed", false, false, "; " + mayBeCharged},
	{codes.Canceled, clientClosed, "CANCELLED", "the client of %s is closed: make another with New", true, false, free},
	{codes.Canceled, beforeSent, "CANCELLED", unsentCall, true, false, free},
	{codes.Canceled, "latest balancer error", "CANCELLED", unsentCall, true, false, free},
	{codes.Canceled, "waiting for new LB policy", "CANCELLED", unsentCall, true, false, free},
	{codes.Canceled, "", "CANCELLED", "the call to %s was given up", false, false, "; " + mayBeCharged},
	{codes.ResourceExhausted, "grpc: received message", "RESOURCE_EXHAUSTED", "the answer of %s is drawn but larger than this client takes in one message: use Stream, or WithMaxMessageBytes", false, false, ""},
	{codes.ResourceExhausted, "SERVER: Received message larger than max", "INVALID_ARGUMENT", "the request is larger than %s takes: send fewer or smaller pictures", false, false, ""},
}

func ownOf(failed *status.Status) *own {
	for i, row := range owns {
		if row.code == failed.Code() && strings.Contains(failed.Message(), row.words) {
			return &owns[i]
		}
	}
	return nil
}

// isLasting says whether a repeat costs nothing, but would not help within any reasonable wait. pushback: how long the
// server asks to wait, if it does.
func isLasting(reason string, pushback []string) bool {
	return reason == "UPSTREAM_QUOTA_EXHAUSTED" || reason == string(ErrBudgetExhausted) && len(pushback) == 0
}

// failure is gRPC's error as ours. own: what of gRPC's own it is, nil for an error of the server. draws: whether the call
// may have been charged.
func failure(err error, trailer metadata.MD, target, requestID string, draws bool) (made *Error, own *own) {
	failed := status.Convert(err)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		failed = status.FromContextError(err)
	}
	made = &Error{Code: code.Code(failed.Code()).String(), Message: failed.Message(), RequestID: requestID, cause: nil}
	for _, detail := range failed.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == "imagewire.dev" {
				made.Reason, made.Metadata = detail.GetReason(), detail.GetMetadata()
			}
		case *errdetails.BadRequest:
			for _, each := range detail.GetFieldViolations() {
				made.Violations = append(made.Violations, Violation{each.GetField(), each.GetDescription()})
			}
		case *errdetails.RetryInfo:
			made.RetryAfter = max(0, detail.GetRetryDelay().AsDuration())
		case *errdetails.RequestInfo:
			made.RequestID = detail.GetRequestId()
		}
	}
	if made.Reason != "" {
		// The server never uses these for a call that may have been charged.
		uncharged := failed.Code() == codes.Unavailable || failed.Code() == codes.ResourceExhausted
		pushback := trailer.Get("grpc-retry-pushback-ms")
		never := false
		if len(pushback) > 0 {
			// What is no time is gRPC's word for "never". 43 bits: a Duration has no room for more milliseconds.
			millis, err := strconv.ParseUint(pushback[0], 10, 43)
			if never = err != nil; !never {
				made.RetryAfter = max(made.RetryAfter, time.Duration(millis)*time.Millisecond)
			}
		}
		made.Retryable = uncharged && !isLasting(made.Reason, pushback) && !never &&
			made.Reason != string(ErrAnswerTooLarge) && made.Reason != "UPSTREAM_TOO_LARGE"
		return made, nil
	}
	if own = ownOf(failed); own != nil && len(failed.Details()) == 0 {
		made.Code, made.Message = own.name, fmt.Sprintf(own.message, target)
		if made.Code == string(ErrUnavailable) && (own.broke || own.unsent) {
			made.Message += " (" + failed.Message() + ")"
		}
		if draws {
			made.Message += own.charged
		}
		made.Retryable = own.unsent || own.broke && !draws
		return made, own
	}
	return made, nil
}
