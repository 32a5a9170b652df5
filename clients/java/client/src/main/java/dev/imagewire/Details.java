package dev.imagewire;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Durations;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import dev.imagewire.ImagewireException.Violation;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a server says of a failure beside its status and the message.
 *
 * @param given whether it says anything, be it damaged
 * @param retryAfter zero if unknown
 * @param pushback the wait that it asks for by gRPC's own rule; negative where it forbids a repeat,
 *     null if it says nothing of one
 */
record Details(
    boolean given,
    String reason,
    Map<String, String> metadata,
    List<Violation> violations,
    Duration retryAfter,
    String requestId,
    Duration pushback) {
  private static final Metadata.Key<String> PUSHBACK = Call.key("grpc-retry-pushback-ms");

  static Details of(StatusRuntimeException failed) {
    Duration pushback = pushback(failed.getTrailers());
    try {
      return of(StatusProto.fromThrowable(failed).getDetailsList(), pushback);
    } catch (IllegalArgumentException | InvalidProtocolBufferException damaged) {
      return new Details(true, "", Map.of(), List.of(), Duration.ZERO, "", pushback);
    }
  }

  private static Details of(List<Any> details, Duration pushback)
      throws InvalidProtocolBufferException {
    String reason = "";
    String requestId = "";
    Map<String, String> metadata = Map.of();
    Duration retryAfter = Duration.ZERO;
    List<Violation> violations = new ArrayList<>();
    for (Any detail : details) {
      if (detail.is(ErrorInfo.class)) {
        ErrorInfo info = detail.unpack(ErrorInfo.class);
        if (info.getDomain().equals("imagewire.dev")) {
          reason = info.getReason();
          metadata = Map.copyOf(info.getMetadataMap());
        }
      } else if (detail.is(BadRequest.class)) {
        for (var each : detail.unpack(BadRequest.class).getFieldViolationsList()) {
          violations.add(new Violation(each.getField(), each.getDescription()));
        }
      } else if (detail.is(RetryInfo.class)) {
        var delay = detail.unpack(RetryInfo.class).getRetryDelay();
        if (Durations.isValid(delay) && !Durations.isNegative(delay)) {
          retryAfter = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
        }
      } else if (detail.is(RequestInfo.class)) {
        requestId = detail.unpack(RequestInfo.class).getRequestId();
      }
    }
    if (pushback != null && pushback.compareTo(retryAfter) > 0) {
      retryAfter = pushback;
    }
    return new Details(
        !details.isEmpty(),
        reason,
        metadata,
        List.copyOf(violations),
        retryAfter,
        requestId,
        pushback);
  }

  // What is no time forbids a repeat, as a negative one does.
  private static Duration pushback(Metadata trailers) {
    String said = trailers == null ? null : trailers.get(PUSHBACK);
    if (said == null) {
      return null;
    }
    return Duration.ofMillis(said.matches("\\d{1,15}") ? Long.parseLong(said) : -1);
  }
}
