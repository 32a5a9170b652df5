package dev.imagewire;

import dev.imagewire.v1.ErrorReason;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A call that failed. All failures of calls are of this class; its subclasses tell the status, and
 * {@link #errorReason} the reason.
 */
public class ImagewireException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** One wrong field of a request, and what is wrong with it. */
  public record Violation(String field, String description) {}

  private final transient Failure failure;

  ImagewireException(Failure failure) {
    super(failure.message(), failure.cause());
    this.failure = failure;
  }

  Failure failure() {
    // Where an exception was deserialized, only its class and its message are left.
    return failure == null ? Failure.plain("UNKNOWN", "", getMessage(), "") : failure;
  }

  /** gRPC's name of the status, for example "NOT_FOUND", or "NO_PICTURE" or "BLOCKED". */
  public String code() {
    return failure().code();
  }

  /** The server's stable word, for example "MODEL_NOT_FOUND"; empty if it gave none. */
  public String reason() {
    return failure().reason();
  }

  /**
   * The contract's value of the reason; ERROR_REASON_UNSPECIFIED if there is none or this client
   * does not know it.
   */
  public ErrorReason errorReason() {
    try {
      return ErrorReason.valueOf("ERROR_REASON_" + reason());
    } catch (IllegalArgumentException unknown) {
      return ErrorReason.ERROR_REASON_UNSPECIFIED;
    }
  }

  /** What the server says beside the reason. */
  public Map<String, String> metadata() {
    return failure().metadata();
  }

  /** The id of the call in the server's log. */
  public String requestId() {
    return failure().requestId();
  }

  /** The wrong fields. */
  public List<Violation> violations() {
    return failure().violations();
  }

  /** How long to wait before a repeat makes sense; zero if that is unknown. */
  public Duration retryAfter() {
    return failure().retryAfter();
  }

  /** Whether the call may be repeated without being charged twice. */
  public boolean isRetryable() {
    return failure().retryable();
  }

  @Override
  public String toString() {
    String reason = reason().equals(code()) ? "" : " " + reason();
    return getClass().getName() + ": " + (code() + reason).strip() + ": " + getMessage();
  }

  static ImagewireException of(Failure failure) {
    if (failure.answerTooLarge()) {
      return new AnswerTooLarge(failure);
    }
    return switch (failure.code()) {
      case "INVALID_ARGUMENT" -> new InvalidRequest(failure);
      case "UNAUTHENTICATED" -> new Unauthenticated(failure);
      case "PERMISSION_DENIED" -> new PermissionDenied(failure);
      case "NOT_FOUND" -> new NotFound(failure);
      case "RESOURCE_EXHAUSTED" -> new RateLimited(failure);
      case "DEADLINE_EXCEEDED" -> new DeadlineExceeded(failure);
      case "UNAVAILABLE" -> new Unavailable(failure);
      case "CANCELLED" -> new Cancelled(failure);
      case "DATA_LOSS" -> new CorruptAnswer(failure);
      case "NO_PICTURE" -> new NoPicture(failure);
      case "BLOCKED" -> new Blocked(failure);
      default -> new ImagewireException(failure);
    };
  }

  /** A field is wrong; {@link #violations} names each. Nothing was drawn. */
  public static final class InvalidRequest extends ImagewireException {
    private static final long serialVersionUID = 1;

    InvalidRequest(Failure failure) {
      super(failure);
    }
  }

  /** The server's key is missing or wrong. */
  public static final class Unauthenticated extends ImagewireException {
    private static final long serialVersionUID = 1;

    Unauthenticated(Failure failure) {
      super(failure);
    }
  }

  /** The key is right, but may not do this. */
  public static final class PermissionDenied extends ImagewireException {
    private static final long serialVersionUID = 1;

    PermissionDenied(Failure failure) {
      super(failure);
    }
  }

  /** What was named is not there. */
  public static final class NotFound extends ImagewireException {
    private static final long serialVersionUID = 1;

    NotFound(Failure failure) {
      super(failure);
    }
  }

  /**
   * Drawn, but too large for one message, whether the server says so or this client's own limit:
   * stream it, or raise {@link ClientBuilder#maxMessageBytes}.
   */
  public static final class AnswerTooLarge extends ImagewireException {
    private static final long serialVersionUID = 1;

    AnswerTooLarge(Failure failure) {
      super(failure);
    }
  }

  /** Too many calls, or a quota or budget that is spent: {@link #reason} tells. */
  public static final class RateLimited extends ImagewireException {
    private static final long serialVersionUID = 1;

    RateLimited(Failure failure) {
      super(failure);
    }
  }

  /** Out of time. */
  public static final class DeadlineExceeded extends ImagewireException {
    private static final long serialVersionUID = 1;

    DeadlineExceeded(Failure failure) {
      super(failure);
    }
  }

  /** No server, one that is stopped, a connection that broke off, or a provider that is down. */
  public static final class Unavailable extends ImagewireException {
    private static final long serialVersionUID = 1;

    Unavailable(Failure failure) {
      super(failure);
    }
  }

  /** The call was given up: its context, its future, its stream or its thread ended it. */
  public static final class Cancelled extends ImagewireException {
    private static final long serialVersionUID = 1;

    Cancelled(Failure failure) {
      super(failure);
    }
  }

  /** Bytes are missing or wrong; nothing of the answer is to be trusted. */
  public static final class CorruptAnswer extends ImagewireException {
    private static final long serialVersionUID = 1;

    CorruptAnswer(Failure failure) {
      super(failure);
    }
  }

  /** The model answered without a picture; the reason is the provider's word. */
  public static class NoPicture extends ImagewireException {
    private static final long serialVersionUID = 1;

    NoPicture(Failure failure) {
      super(failure);
    }
  }

  /** The same, because a filter stopped it. */
  public static final class Blocked extends NoPicture {
    private static final long serialVersionUID = 1;

    Blocked(Failure failure) {
      super(failure);
    }
  }
}
