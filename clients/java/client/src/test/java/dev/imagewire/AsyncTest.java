package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AsyncTest {
  /** Asks for nothing by itself; what it was told is in {@code told}. */
  private static final class Subscriber implements Flow.Subscriber<Event> {
    final LinkedBlockingQueue<Object> told = new LinkedBlockingQueue<>();
    Flow.Subscription subscription;

    @Override
    public void onSubscribe(Flow.Subscription made) {
      subscription = made;
    }

    @Override
    public void onNext(Event event) {
      told.add(event);
    }

    @Override
    public void onError(Throwable failed) {
      told.add(failed);
    }

    @Override
    public void onComplete() {
      told.add("complete");
    }
  }

  @Test
  void aFutureHasThePicture() throws Exception {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client()) {
      assertArrayEquals(FakeServer.PICTURE, client.async().draw("A banana").get().data());
    }
  }

  @Test
  void aFutureFailsAsTheCallDoes() throws Exception {
    try (var server = new FakeServer(call -> {});
        var client = server.client()) {
      var failed = assertThrows(CompletionException.class, client.async().draw("A banana")::join);
      assertInstanceOf(ImagewireException.CorruptAnswer.class, failed.getCause());
    }
  }

  @Test
  void toCancelAFutureEndsTheCall() throws Exception {
    var begun = new CountDownLatch(1);
    FakeServer.Script waits =
        call -> {
          begun.countDown();
          call.untilCancelled();
        };
    try (var server = new FakeServer(waits);
        var client = server.client()) {
      var future = client.async().draw("A banana");
      begun.await();
      future.cancel(true);
      server.cancelled.await();
    }
  }

  @Test
  void aSubscriberGetsNoMoreThanItAskedFor() throws Exception {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client()) {
      var subscriber = new Subscriber();
      var publisher = client.stream("A banana").publisher();
      publisher.subscribe(subscriber);
      assertEquals(0, server.asked.size());
      subscriber.subscription.request(2);
      assertInstanceOf(Event.Started.class, subscriber.told.take());
      assertInstanceOf(Event.TextDelta.class, subscriber.told.take());
      assertEquals(0, subscriber.told.size());
      // The end is told without being asked for.
      subscriber.subscription.request(6);
      for (int i = 0; i < 5; i++) {
        subscriber.told.take();
      }
      assertInstanceOf(Event.Finished.class, subscriber.told.take());
      assertEquals("complete", subscriber.told.take());

      var second = new Subscriber();
      publisher.subscribe(second);
      assertInstanceOf(IllegalStateException.class, second.told.take());
    }
  }

  @Test
  void aSlowSubscriberSlowsTheServerDown() throws Exception {
    ByteString data = ByteString.copyFrom(new byte[256 << 10]);
    int all = 400;
    var sent = new AtomicInteger();
    FakeServer.Script endless =
        call -> {
          call.send(FakeServer.events().subList(0, 1));
          call.send(FakeServer.event(2).setPartStarted(image()).build());
          for (long i = 0; i < all; i++) {
            call.send(FakeServer.chunk(2, 0, i * data.size(), data));
            sent.incrementAndGet();
          }
          call.untilCancelled();
        };
    try (var server = new FakeServer(endless);
        var client = server.client()) {
      var subscriber = new Subscriber();
      client.stream("A banana").publisher().subscribe(subscriber);
      for (int i = 0; i < 20; i++) {
        subscriber.subscription.request(1);
        subscriber.told.take();
      }
      // What is under way beside what was read: the window of HTTP/2, and a few messages.
      assertTrue(sent.get() < 19 + 16, () -> sent + " of " + all);
      subscriber.subscription.cancel();
      server.cancelled.await();
    }
  }

  private static dev.imagewire.v1.PartStarted image() {
    return dev.imagewire.v1.PartStarted.newBuilder()
        .setKind(dev.imagewire.v1.PartKind.PART_KIND_IMAGE)
        .build();
  }

  @Test
  void toAskForNothingIsAnError() throws Exception {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client()) {
      var subscriber = new Subscriber();
      client.stream("A banana").publisher().subscribe(subscriber);
      subscriber.subscription.request(0);
      assertInstanceOf(IllegalArgumentException.class, subscriber.told.take());
    }
  }
}
