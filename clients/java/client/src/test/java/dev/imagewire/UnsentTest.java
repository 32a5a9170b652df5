package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.imagewire.v1.DeleteImageRequest;
import dev.imagewire.v1.ImageServiceGrpc;
import io.grpc.Context;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A call that was never sent is told from one that may have been drawn. */
class UnsentTest {
  private static final String CHARGED = "may have been drawn and charged";

  private static void isFree(ImagewireException failed) {
    assertFalse(failed.getMessage().contains(CHARGED), failed.getMessage());
    assertTrue(failed.getMessage().contains("nothing was sent"), failed.getMessage());
    assertTrue(failed.isRetryable());
  }

  @Test
  void aClosedClientSaysSo() throws Exception {
    try (var server = new FakeServer(FakeServer.ANSWERS)) {
      Client client = server.client();
      client.close();
      var failed = assertThrows(ImagewireException.Cancelled.class, () -> client.draw("A banana"));
      isFree(failed);
      assertTrue(failed.getMessage().contains("the client is closed"), failed.getMessage());
      isFree(
          assertThrows(
              ImagewireException.Cancelled.class, () -> client.createCompletion("A banana")));
      assertEquals(0, server.asked.size());
    }
  }

  @Test
  void aContextThatHasEndedSendsNothing() throws Exception {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client()) {
      var context = Context.current().withCancellation();
      context.cancel(null);
      isFree(
          assertThrows(
              ImagewireException.Cancelled.class,
              () -> context.call(() -> client.draw("A banana"))));
      var clock = Executors.newSingleThreadScheduledExecutor();
      var late = Context.current().withDeadlineAfter(-1, TimeUnit.SECONDS, clock);
      isFree(
          assertThrows(
              ImagewireException.DeadlineExceeded.class,
              () -> late.call(() -> client.draw("A banana"))));
      clock.shutdownNow();
      assertEquals(0, server.asked.size());
    }
  }

  @Test
  void aPartOfACallThatWasSentIsNotUnsent() throws Exception {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client();
        var call = new Call(client, Context.current(), Duration.ofMinutes(1), true, 0)) {
      assertFalse(call.free().reached());
      var asked = DeleteImageRequest.getDefaultInstance();
      assertThrows(
          ImagewireException.class, // the fake server has no pictures
          () -> call.unary(ImageServiceGrpc.getDeleteImageMethod(), asked, false));
      assertTrue(call.free().reached());
    }
  }

  @Test
  void aCallThatWasSentOnceMayBeCharged() throws Exception {
    FakeServer.Script lost =
        call -> {
          throw FakeServer.LOST.asRuntimeException();
        };
    try (var server = new FakeServer(FakeServer.Call::untilCancelled);
        var second = new FakeServer(lost);
        var client = server.client();
        var other = second.client()) {
      var soon = new Options().timeout(Duration.ofSeconds(2));
      for (Client each : new Client[] {client, other}) {
        var failed = assertThrows(ImagewireException.class, () -> each.draw("A banana", soon));
        assertTrue(failed.getMessage().contains(CHARGED), failed.getMessage());
        assertFalse(failed.isRetryable());
      }
      assertFalse(server.asked.isEmpty());
    }
  }
}
