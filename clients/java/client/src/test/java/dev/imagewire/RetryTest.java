package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.imagewire.v1.ErrorReason;
import io.grpc.Metadata;
import io.grpc.protobuf.StatusProto;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Only what the server says is uncharged is asked again, and never sooner than it says. */
class RetryTest {
  private static FakeServer.Script refuses(Code code, String reason, int millis, String pushback) {
    var info = ErrorInfo.newBuilder().setDomain("imagewire.dev").setReason(reason);
    var delay = Duration.newBuilder().setSeconds(millis / 1000).setNanos(millis % 1000 * 1_000_000);
    var status =
        Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage("no")
            .addDetails(Any.pack(info.build()))
            .addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(delay).build()))
            .addDetails(Any.pack(RequestInfo.newBuilder().setRequestId("theirs").build()))
            .build();
    var trailers = new Metadata();
    if (!pushback.isEmpty()) {
      trailers.put(Call.key("grpc-retry-pushback-ms"), pushback);
    }
    return call -> {
      throw StatusProto.toStatusRuntimeException(status, trailers);
    };
  }

  @Test
  void whatIsUnchargedIsAskedAgainAsLateAsTheServerSays() throws IOException {
    try (var server =
            new FakeServer(refuses(Code.UNAVAILABLE, "OVERLOADED", 900, ""), FakeServer.ANSWERS);
        var client = server.client()) {
      long began = System.nanoTime();
      assertArrayEquals(FakeServer.PICTURE, client.draw("A banana").data());
      assertTrue(System.nanoTime() - began >= TimeUnit.MILLISECONDS.toNanos(900));
      assertEquals(2, server.asked.size());
      assertEquals(
          server.sent.get(0).get(Call.key("x-request-id")),
          server.sent.get(1).get(Call.key("x-request-id")));
    }
  }

  @Test
  void itIsAskedTwiceMoreAtMost() throws IOException {
    try (var server = new FakeServer(refuses(Code.RESOURCE_EXHAUSTED, "OVERLOADED", 0, ""));
        var client = server.client()) {
      var failed =
          assertThrows(ImagewireException.RateLimited.class, () -> client.draw("A banana"));
      assertEquals(3, server.asked.size());
      assertEquals(ErrorReason.ERROR_REASON_OVERLOADED, failed.errorReason());
      assertEquals("theirs", failed.requestId());
      assertTrue(failed.isRetryable());
    }
  }

  @Test
  void aBudgetThatRunningCallsHaveReservedIsAskedAgain() throws IOException {
    var reserved = refuses(Code.RESOURCE_EXHAUSTED, "BUDGET_EXHAUSTED", 0, "1");
    try (var server = new FakeServer(reserved);
        var client = server.client()) {
      assertThrows(ImagewireException.RateLimited.class, () -> client.draw("A banana"));
      assertEquals(3, server.asked.size());
    }
  }

  @Test
  void whatMayBeChargedIsNot() throws IOException {
    for (FakeServer.Script script :
        new FakeServer.Script[] {
          refuses(Code.UNAVAILABLE, "OVERLOADED", 0, "-1"),
          refuses(Code.RESOURCE_EXHAUSTED, "BUDGET_EXHAUSTED", 0, ""),
          refuses(Code.INTERNAL, "UPSTREAM_INTERNAL", 0, ""),
          refuses(Code.ABORTED, "UPSTREAM_CUT", 0, "")
        }) {
      try (var server = new FakeServer(script);
          var client = server.client()) {
        var failed = assertThrows(ImagewireException.class, () -> client.draw("A banana"));
        assertEquals(1, server.asked.size());
        assertTrue(!failed.isRetryable());
      }
    }
  }

  @Test
  void aWaitThatIsLongerThanTheTimeLeftIsNotBegun() throws IOException {
    try (var server = new FakeServer(refuses(Code.UNAVAILABLE, "OVERLOADED", 59_000, ""));
        var client = server.client()) {
      var options = new Options().timeout(java.time.Duration.ofSeconds(50));
      assertThrows(ImagewireException.Unavailable.class, () -> client.draw("A banana", options));
      assertEquals(1, server.asked.size());
    }
  }

  @Test
  void aFailureThatWasSerializedKeepsItsClassAndItsMessage() throws Exception {
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(Failure.corrupt("part %d", 3));
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      var read = (ImagewireException.CorruptAnswer) in.readObject();
      assertEquals("part 3", read.getMessage());
      assertTrue(read.toString().endsWith("UNKNOWN: part 3"), read.toString());
    }
  }
}
