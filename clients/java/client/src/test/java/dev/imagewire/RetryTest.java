package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
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
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.protobuf.StatusProto;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Only what the server says is uncharged is asked again, and never sooner than it says. */
class RetryTest {
  private static FakeServer.Script refuses(Code code, String reason, int millis, String pushback) {
    var trailers = new Metadata();
    if (!pushback.isEmpty()) {
      trailers.put(Call.key("grpc-retry-pushback-ms"), pushback);
    }
    return refuses(code, reason, millis, trailers);
  }

  private static FakeServer.Script refuses(
      Code code, String reason, int millis, Metadata trailers) {
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

  @ParameterizedTest
  @ValueSource(strings = {"-1", "-7", "abc", "", "1.5", "99999999999999999999"})
  void aPushbackThatIsNoTimeForbidsARepeat(String pushback) throws IOException {
    var trailers = new Metadata();
    trailers.put(Call.key("grpc-retry-pushback-ms"), pushback);
    for (FakeServer.Script script :
        List.<FakeServer.Script>of(
            refuses(Code.UNAVAILABLE, "OVERLOADED", 0, trailers),
            call -> {
              throw FakeServer.LOST.asRuntimeException(trailers);
            })) {
      try (var server = new FakeServer(script);
          var client = server.client()) {
        var failed =
            assertThrows(ImagewireException.Unavailable.class, () -> client.draw("A banana"));
        assertFalse(failed.isRetryable());
        assertEquals(1, server.asked.size());
      }
    }
  }

  @Test
  void aPushbackIsWaitedAsItIs() throws IOException {
    try (var server =
            new FakeServer(refuses(Code.UNAVAILABLE, "OVERLOADED", 0, "2500"), FakeServer.ANSWERS);
        var client = server.client()) {
      long began = System.nanoTime();
      client.draw("A banana");
      assertTrue(System.nanoTime() - began >= TimeUnit.MILLISECONDS.toNanos(2500));
      assertEquals(2, server.asked.size());
    }
    try (var server = new FakeServer(refuses(Code.UNAVAILABLE, "OVERLOADED", 0, "3600000"));
        var client = server.client()) {
      var failed =
          assertThrows(ImagewireException.Unavailable.class, () -> client.draw("A banana"));
      assertEquals(1, server.asked.size());
      assertEquals(java.time.Duration.ofHours(1), failed.retryAfter());
      assertTrue(failed.isRetryable());
    }
  }

  @Test
  void freeRepeatsAreEightAndGrowToEightSeconds() throws IOException {
    // No call is made: the waits are only asked for, and not waited.
    try (var client = Client.create("127.0.0.1:1");
        var call = new Call(client, Context.current(), java.time.Duration.ZERO, false, 2)) {
      var broke = Failure.of(FakeServer.LOST.asRuntimeException(), true, call);
      for (long most : new long[] {500, 1000, 2000, 4000, 8000, 8000, 8000, 8000}) {
        long wait = call.pause(broke, false, true).toMillis();
        assertTrue(wait >= most / 2 && wait < most, () -> wait + " of " + most);
      }
      assertNull(call.pause(broke, false, true));
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
