package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.Timestamp;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.imagewire.v1.ErrorReason;
import dev.imagewire.v1.ResumeCompletionRequest;
import dev.imagewire.v1.Started;
import io.grpc.Metadata;
import io.grpc.protobuf.StatusProto;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a server does, its calls end, with the answer or with an {@link ImagewireException}. */
class MisbehavingTest {
  private static final String CHARGED = "may have been drawn and charged";
  private static final FakeServer.Script CUT =
      call -> {
        call.send(FakeServer.events().subList(0, 7));
        throw FakeServer.LOST.asRuntimeException();
      };

  private static FakeServer.Script refuses(Code code, String reason, Any... more) {
    var info = ErrorInfo.newBuilder().setDomain("imagewire.dev").setReason(reason);
    var status = Status.newBuilder().setCode(code.getNumber()).setMessage("no");
    status.addDetails(Any.pack(info.build()));
    for (Any each : more) {
      status.addDetails(each);
    }
    return call -> {
      throw StatusProto.toStatusRuntimeException(status.build());
    };
  }

  @ParameterizedTest
  @EnumSource(
      value = io.grpc.Status.Code.class,
      names = {"NOT_FOUND", "UNAVAILABLE"})
  void damagedDetailsLeaveTheStatusAndItsMessage(io.grpc.Status.Code code) throws IOException {
    var trailers = new Metadata();
    trailers.put(
        Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER),
        new byte[] {-1, -1, -1});
    FakeServer.Script damaged =
        call -> {
          throw code.toStatus().withDescription("it is gone").asRuntimeException(trailers);
        };
    try (var server = new FakeServer(damaged);
        var client = server.client()) {
      var failed = assertThrows(ImagewireException.class, () -> client.draw("A banana"));
      assertEquals(code.name(), failed.code());
      assertEquals("it is gone", failed.getMessage());
      assertEquals(ErrorReason.ERROR_REASON_UNSPECIFIED, failed.errorReason());
      assertFalse(failed.isRetryable());
      assertEquals(1, server.asked.size());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-5, Long.MIN_VALUE, Long.MAX_VALUE})
  void aRetryInfoThatIsNoTimeCountsAsNone(long seconds) throws IOException {
    var delay =
        com.google.protobuf.Duration.newBuilder().setSeconds(seconds).setNanos(Integer.MAX_VALUE);
    var info = RetryInfo.newBuilder().setRetryDelay(delay).build();
    try (var server = new FakeServer(refuses(Code.UNAVAILABLE, "OVERLOADED", Any.pack(info)));
        var client = Client.builder().target("127.0.0.1:" + server.port()).retries(0).build()) {
      var failed = assertThrows(ImagewireException.class, () -> client.draw("A banana"));
      assertEquals(Duration.ZERO, failed.retryAfter());
      assertEquals("OVERLOADED", failed.reason());
    }
  }

  @Test
  void aTimeThatNoCalendarHasIsCorrupt() throws IOException {
    var started =
        Started.newBuilder().setExpireTime(Timestamp.newBuilder().setSeconds(Long.MAX_VALUE));
    try (var server =
            new FakeServer(call -> call.send(FakeServer.event(1).setStarted(started).build()));
        var client = server.client()) {
      assertThrows(ImagewireException.CorruptAnswer.class, () -> client.draw("A banana"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"COMPLETION_NOT_FOUND", "OVERLOADED", "IMAGE_NOT_FOUND"})
  void anAnswerThatHadBegunMayBeChargedWhateverItsResumptionSays(String reason) throws IOException {
    Code code = reason.equals("OVERLOADED") ? Code.UNAVAILABLE : Code.NOT_FOUND;
    try (var server = new FakeServer(CUT, refuses(code, reason));
        var client = server.client()) {
      var failed = assertThrows(ImagewireException.class, () -> client.draw("A banana"));
      assertEquals(reason, failed.reason());
      assertTrue(failed.getMessage().contains(CHARGED), failed.getMessage());
      assertFalse(failed.isRetryable());
    }
  }

  @Test
  void aKeptAnswerThatIsGoneCostsNothing() throws IOException {
    try (var server = new FakeServer(refuses(Code.NOT_FOUND, "COMPLETION_NOT_FOUND"));
        var client = server.client()) {
      var kept = Kept.byCompletionId("cmpl-1");
      var failed =
          assertThrows(ImagewireException.NotFound.class, () -> client.getCompletion(kept));
      assertFalse(failed.getMessage().contains("charged"), failed.getMessage());
    }
  }

  @Test
  void aWholeAnswerIsNotLostToWhatFollowsIt() throws Exception {
    FakeServer.Script hangs =
        call -> {
          call.send(FakeServer.events());
          call.untilCancelled();
        };
    try (var server = new FakeServer(hangs);
        var client = server.client()) {
      var options = new Options().timeout(Duration.ofMinutes(5));
      long began = System.nanoTime();
      assertArrayEquals(FakeServer.PICTURE, client.draw("A banana", options).data());
      assertTrue(Duration.ofNanos(System.nanoTime() - began).toSeconds() < 100);
      server.cancelled.await();
    }
    for (FakeServer.Script late :
        new FakeServer.Script[] {
          refuses(Code.INTERNAL, "INTERNAL"),
          refuses(Code.RESOURCE_EXHAUSTED, "OVERLOADED"),
          call -> {
            throw FakeServer.LOST.asRuntimeException();
          }
        }) {
      FakeServer.Script both =
          call -> {
            call.send(FakeServer.events());
            late.run(call);
          };
      try (var server = new FakeServer(both);
          var client = server.client()) {
        assertArrayEquals(FakeServer.PICTURE, client.draw("A banana").data());
        assertEquals(1, server.asked.size());
      }
    }
  }

  @Test
  void toCloseAStreamEndsItsResumptionThatHangs() throws Exception {
    try (var server = new FakeServer(CUT, FakeServer.Call::untilCancelled);
        var client = server.client();
        var stream = client.stream("A banana")) {
      Runnable close = stream::close;
      var closer =
          new Thread(
              () -> {
                while (server.asked.stream().noneMatch(ResumeCompletionRequest.class::isInstance)) {
                  Thread.onSpinWait();
                }
                close.run();
              });
      closer.start();
      assertThrows(ImagewireException.Cancelled.class, stream::collect);
      server.cancelled.await();
    }
  }

  @Test
  void aPassedDeadlineIsOneAlsoWhereAResumptionHangs() throws IOException {
    try (var server = new FakeServer(CUT, FakeServer.Call::untilCancelled);
        var client = server.client()) {
      client.stream("warms up").close();
      var soon = new Options().timeout(Duration.ofSeconds(3));
      var failed = assertThrows(ImagewireException.class, () -> client.draw("A banana", soon));
      assertInstanceOf(ImagewireException.DeadlineExceeded.class, failed);
      assertTrue(failed.getMessage().contains(CHARGED), failed.getMessage());
    }
  }

  @Test
  void aStreamHasOneReader() throws IOException {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client()) {
      try (var stream = client.stream("A banana")) {
        var events = stream.iterator();
        events.next();
        assertThrows(IllegalStateException.class, stream::iterator);
        assertThrows(IllegalStateException.class, stream::picture);
        // It would write what the other reader left of the picture.
        var out = new ByteArrayOutputStream();
        assertThrows(IllegalStateException.class, () -> stream.transferTo(out));
        assertEquals(0, out.size());
        // The rest can be left to collect, which loses nothing.
        assertArrayEquals(FakeServer.PICTURE, stream.collect().image().data());
      }
      try (var stream = client.stream("A banana");
          var picture = stream.picture()) {
        assertThrows(IllegalStateException.class, stream::iterator);
        assertEquals(FakeServer.PICTURE.length, picture.readAllBytes().length);
      }
    }
  }

  @Test
  void aStreamThatNobodyHoldsAnyMoreIsEnded() throws Exception {
    FakeServer.Script hangs =
        call -> {
          call.send(FakeServer.events().subList(0, 7));
          call.untilCancelled();
        };
    try (var server = new FakeServer(hangs);
        var client = server.client()) {
      client.stream("A banana").iterator().next();
      while (server.cancelled.getCount() > 0) {
        System.gc();
        Thread.onSpinWait();
      }
    }
  }
}
