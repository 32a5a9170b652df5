package dev.imagewire;

import dev.imagewire.ImagewireException.Violation;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLException;

/**
 * What failed, before it is thrown.
 *
 * @param pushback the wait before a repeat that the server asks for; negative where it forbids one,
 *     null if it says nothing of one
 * @param own what of gRPC's own failures it is; null for an error of the server, or of this client
 */
record Failure(
    String code,
    String reason,
    String message,
    String requestId,
    Map<String, String> metadata,
    List<Violation> violations,
    Duration retryAfter,
    Duration pushback,
    boolean retryable,
    Own own,
    Throwable cause) {

  private static final String MAY_BE_CHARGED = "what was asked may have been drawn and charged";

  /**
   * A failure that gRPC itself reports, without a reason: the message has the server's address.
   *
   * <p>A call may have been charged unless it surely failed before it reached the server.
   */
  enum Own {
    /** The connection was lost behind the request. */
    BROKE(
        "UNAVAILABLE",
        "the connection to %s broke off",
        ": " + MAY_BE_CHARGED + ": check whether you were billed before repeating"),
    NO_TLS(
        "UNAVAILABLE",
        "no TLS with %s: it speaks none, or its certificate is not trusted or for another name, or"
            + " it wants one of yours",
        ""),
    /** Nothing was sent, and a moment later it may be. */
    HANGS_UP(
        "UNAVAILABLE",
        "%s hangs up at once: it may want TLS (https://, or Client.builder().tls), or a certificate"
            + " of yours",
        ""),
    NO_SERVER(
        "UNAVAILABLE",
        "no imagewire server answers at %s: start one with `imagewire-server serve`, or name"
            + " another with IMAGEWIRE_TARGET",
        ""),
    LATE(
        "DEADLINE_EXCEEDED",
        "the deadline of the call to %s passed: allow more time",
        "; " + MAY_BE_CHARGED),
    GIVEN_UP("CANCELLED", "the call to %s was given up", "; " + MAY_BE_CHARGED),
    CLOSED("CANCELLED", "the client is closed, which called %s", "; " + MAY_BE_CHARGED),
    ANSWER_TOO_LARGE(
        "RESOURCE_EXHAUSTED",
        "the answer of %s is drawn but larger than this client takes in one message: use"
            + " Client.stream, or Client.builder().maxMessageBytes",
        ""),
    REQUEST_TOO_LARGE(
        "INVALID_ARGUMENT",
        "the request is larger than %s takes: send fewer or smaller pictures",
        "");

    private final String code;
    private final String message;
    private final String charged;
    private final boolean unsent;

    Own(String code, String message, String charged) {
      this.code = code;
      this.message = message;
      this.charged = charged;
      unsent = code.equals("UNAVAILABLE") && charged.isEmpty(); // no connection came about
    }
  }

  // A repeat costs nothing, but would not help: at all, or within any reasonable wait.
  private static final Set<String> LASTING =
      Set.of("UPSTREAM_QUOTA_EXHAUSTED", "ANSWER_TOO_LARGE", "UPSTREAM_TOO_LARGE");

  static Failure plain(String code, String reason, String message, String requestId) {
    return new Failure(
        code,
        reason,
        message,
        requestId,
        Map.of(),
        List.of(),
        Duration.ZERO,
        null,
        false,
        null,
        null);
  }

  /** One wrong argument, before anything is sent. */
  static ImagewireException invalid(String field, String description) {
    List<Violation> violations = List.of(new Violation(field, description));
    return new Failure(
            "INVALID_ARGUMENT",
            "",
            field + " " + description,
            "",
            Map.of(),
            violations,
            Duration.ZERO,
            null,
            false,
            null,
            null)
        .exception();
  }

  static ImagewireException corrupt(String format, Object... values) {
    return plain("DATA_LOSS", "", format.formatted(values), "").exception();
  }

  ImagewireException exception() {
    return ImagewireException.of(this);
  }

  boolean broke() {
    return own == Own.BROKE;
  }

  /** Whether the server forbids a repeat. */
  boolean forbidden() {
    return pushback != null && pushback.isNegative();
  }

  boolean unsent() {
    return own != null && own.unsent;
  }

  boolean answerTooLarge() {
    return own == Own.ANSWER_TOO_LARGE || reason.equals("ANSWER_TOO_LARGE");
  }

  /** The failure of an answer that was drawn, so that it is not to be drawn again. */
  Failure drawn(String hint) {
    return new Failure(
        code,
        reason,
        message + hint,
        requestId,
        metadata,
        violations,
        retryAfter,
        pushback,
        false,
        own,
        cause);
  }

  /** The failure of an answer that was asked for before, so that it may have been drawn then. */
  Failure charged() {
    return drawn(message.contains(MAY_BE_CHARGED) ? "" : "; " + MAY_BE_CHARGED);
  }

  /** gRPC's failure as ours. sent: whether the request may have reached the server. */
  static Failure of(StatusRuntimeException failed, boolean sent, Call call) {
    Status status = failed.getStatus();
    String code = status.getCode().name();
    String message = status.getDescription() == null ? "" : status.getDescription();
    Details said = Details.of(failed);
    String reason = said.reason();
    boolean forbidden = said.pushback() != null && said.pushback().isNegative();
    boolean retryable = false;
    Own own = null;
    if (!reason.isEmpty()) {
      // The server never uses these for a call that may have been charged.
      boolean free = code.equals("UNAVAILABLE") || code.equals("RESOURCE_EXHAUSTED");
      // A budget that is spent is so until the next day; one that running calls have reserved has a
      // pushback.
      boolean spent = reason.equals("BUDGET_EXHAUSTED") && said.pushback() == null;
      retryable = free && !spent && !LASTING.contains(reason) && !forbidden;
    } else if (!said.given() && (own = ownOf(status, message, sent)) != null) {
      code = own.code;
      String first = message.lines().findFirst().orElse("");
      message = own.message.formatted(call.target());
      if (own.unsent || own == Own.BROKE) {
        message += " (" + first + cause(status, own) + ")";
      }
      boolean ended = own == Own.GIVEN_UP || own == Own.CLOSED || own == Own.LATE;
      boolean never = ended && !call.reached();
      if (never) {
        message += "; nothing was sent, so nothing was charged";
      } else if (call.draws) {
        message += own.charged;
      }
      retryable = (own.unsent || never || own == Own.BROKE && !call.draws) && !forbidden;
    }
    return new Failure(
        code,
        reason,
        message,
        said.requestId().isEmpty() ? call.logId : said.requestId(),
        said.metadata(),
        said.violations(),
        said.retryAfter(),
        said.pushback(),
        retryable,
        own,
        failed);
  }

  private static String cause(Status status, Own own) {
    Throwable cause = status.getCause();
    // The first of a handshake's causes says what is wrong with a certificate.
    while (own == Own.NO_TLS && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause == null ? "" : ": " + cause.getMessage();
  }

  private static Own ownOf(Status status, String message, boolean sent) {
    return switch (status.getCode()) {
      case UNAVAILABLE -> {
        if (message.startsWith("Channel shutdown")) { // the client is closed
          yield Own.CLOSED;
        }
        if (sent) {
          yield Own.BROKE;
        }
        for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
          if (cause instanceof SSLException) {
            yield Own.NO_TLS;
          }
        }
        yield message.contains("closed") ? Own.HANGS_UP : Own.NO_SERVER;
      }
      case INTERNAL, UNKNOWN -> isCut(message) ? Own.BROKE : null;
      case CANCELLED -> isCut(message) ? Own.BROKE : Own.GIVEN_UP;
      case DEADLINE_EXCEEDED -> Own.LATE;
      case RESOURCE_EXHAUSTED -> {
        if (message.startsWith("gRPC message exceeds maximum size")) {
          yield Own.ANSWER_TOO_LARGE;
        }
        yield message.contains("SERVER: Received message larger than max")
            ? Own.REQUEST_TOO_LARGE
            : null;
      }
      default -> null;
    };
  }

  // A stream that was reset, or that ended without its status.
  private static boolean isCut(String message) {
    return message.contains("Received Rst Stream")
        || message.contains("end-of-stream")
        || message.contains("unexpected EOS")
        || message.contains("missing GRPC status");
  }
}
