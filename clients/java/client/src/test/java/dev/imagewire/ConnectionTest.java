package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

class ConnectionTest {
  private static final Duration SOON = Duration.ofSeconds(2);

  @Test
  void targets() {
    for (List<String> each :
        List.of(
            List.of("localhost:1", "dns:///localhost:1"),
            List.of("[::1]:1", "dns:///[::1]:1"),
            List.of("dns:///host:1", "dns:///host:1"),
            List.of("http://host", "dns:///host:80"),
            List.of("https://host", "dns:///host:443"),
            List.of("https://host:8443/", "dns:///host:8443"),
            List.of("http://[::1]", "dns:///[::1]:80"),
            List.of("http://a_host", "dns:///a_host:80"),
            List.of("unix:/tmp/s", "unix:/tmp/s"))) {
      assertEquals(each.get(1), Connecting.Address.of(each.get(0)).target());
    }
    for (String wrong :
        List.of(
            "http://",
            "https://host/path",
            "https://me:secret@host",
            "ftp://host",
            "a b",
            "host:99999")) {
      var failed =
          assertThrows(ImagewireException.InvalidRequest.class, () -> Client.create(wrong), wrong);
      assertEquals("target", failed.violations().get(0).field());
      assertTrue(!failed.getMessage().contains("secret"));
    }
  }

  private static boolean hasIpv6() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getByName("::1"))) {
      return socket.isBound();
    } catch (IOException none) {
      return false;
    }
  }

  @Test
  void anAddressOfIpv6IsATarget() throws IOException {
    try (var server = new FakeServer(FakeServer.ANSWERS)) {
      for (String target : List.of("[::1]:%d", "http://[::1]:%d", "dns:///[::1]:%d")) {
        try (var client = Client.create(target.formatted(server.port()))) {
          assertEquals("dns:///[::1]:" + server.port(), client.target());
          if (hasIpv6()) {
            assertNotNull(client.draw("A banana"));
          }
        }
      }
      try (var client = Client.create("[fe80::1%lo]:1")) {
        assertEquals("dns:///[fe80::1%lo]:1", client.target());
      }
    }
  }

  @Test
  void aUnixSocketBringsNoWarnings() {
    var warned = new CopyOnWriteArrayList<String>();
    var handler =
        new Handler() {
          @Override
          public void publish(LogRecord said) {
            warned.add(said.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    var netty = Logger.getLogger("io.grpc.netty.shaded.io.netty.bootstrap.Bootstrap");
    netty.addHandler(handler);
    try (var client = Client.builder().target("unix:/nowhere/socket").retries(0).build()) {
      assertThrows(ImagewireException.Unavailable.class, client::ping);
    } finally {
      netty.removeHandler(handler);
    }
    assertEquals(List.of(), warned);
  }

  @Test
  void aServerThatGoesAwayEndsItsCallsAndTheNextGoesToItsSuccessor() throws Exception {
    var away = new CountDownLatch(1);
    var calls = new AtomicInteger();
    FakeServer.Script ends =
        call -> {
          if (calls.getAndIncrement() > 0) { // it was sent before the client had heard
            FakeServer.ANSWERS.run(call);
            return;
          }
          call.send(FakeServer.events().subList(0, 7));
          away.await();
          call.send(FakeServer.events().subList(7, 12));
        };
    try (var server = new FakeServer(ends);
        var client = server.client();
        var stream = client.stream("A banana")) {
      Iterator<Event> events = stream.iterator();
      events.next();
      int port = server.port();
      server.goAway(); // no new connections, and those in use end with their calls
      try (var next = new FakeServer(port, FakeServer.ANSWERS)) {
        do {
          assertNotNull(client.draw("A banana"));
        } while (next.asked.isEmpty());
        assertNotNull(client.draw("A banana"));
        assertEquals(2, next.asked.size());
        away.countDown();
        assertNotNull(stream.collect().image());
      }
    }
  }

  @Test
  void optionsWithoutMeaningAreRefused() {
    var half = new Tls(null, Path.of("cert"), null, null);
    for (ClientBuilder wrong :
        List.of(
            Client.builder().timeout(Duration.ofMillis(-1)),
            Client.builder().retries(-1),
            Client.builder().maxMessageBytes(1),
            Client.builder().apiKey("a\n"),
            Client.builder().tls(half))) {
      assertThrows(ImagewireException.InvalidRequest.class, wrong::build);
    }
  }

  @Test
  void theKeyAndTheMetadataAreSentAndInterceptorsSeeEachCall() throws IOException {
    var seen = new CopyOnWriteArrayList<String>();
    var interceptor =
        new ClientInterceptor() {
          @Override
          public <A, R> ClientCall<A, R> interceptCall(
              MethodDescriptor<A, R> method, CallOptions options, Channel next) {
            seen.add(method.getBareMethodName());
            return next.newCall(method, options);
          }
        };
    var own = new Metadata();
    own.put(Call.key("x-team"), "blue");
    own.put(Call.key("x-request-id"), "mine");
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client =
            Client.builder()
                .target("127.0.0.1:" + server.port())
                .apiKey("sk-1")
                .metadata(own)
                .intercept(interceptor)
                .build()) {
      assertEquals("mine", client.stream("A banana").collect().requestId());
      Metadata sent = server.sent.get(0);
      assertEquals("Bearer sk-1", sent.get(Call.key("authorization")));
      assertEquals("blue", sent.get(Call.key("x-team")));
      assertEquals("mine", sent.get(Call.key("x-request-id")));
      assertEquals(List.of("StreamCompletion"), seen);
    }
  }

  @Test
  void theContextEndsTheCall() throws Exception {
    FakeServer.Script waits = FakeServer.Call::untilCancelled;
    try (var server = new FakeServer(waits);
        var client = server.client()) {
      var context = Context.current().withCancellation();
      AnswerStream stream = context.call(() -> client.stream("A banana"));
      var canceller =
          new Thread(
              () -> {
                while (server.asked.isEmpty()) {
                  Thread.onSpinWait();
                }
                context.cancel(new IllegalStateException("enough"));
              });
      canceller.start();
      var failed = assertThrows(ImagewireException.Cancelled.class, stream::collect);
      assertEquals("enough", failed.getCause().getCause().getMessage());
      server.cancelled.await();
    }
  }

  @Test
  void aClientThatIsClosedEndsItsCalls() throws Exception {
    try (var server = new FakeServer(FakeServer.Call::untilCancelled)) {
      Client client = server.client();
      var future = client.async().draw("A banana");
      while (server.asked.isEmpty()) {
        Thread.onSpinWait();
      }
      client.close();
      var failed = assertThrows(CompletionException.class, future::join);
      assertInstanceOf(ImagewireException.Cancelled.class, failed.getCause());
      assertThrows(ImagewireException.Cancelled.class, () -> client.draw("A banana"));
      assertEquals(1, server.asked.size());
    }
  }

  // Below those that the system gives to others meanwhile.
  private static int freePort() {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
      try (var socket = new ServerSocket(port)) {
        return socket.getLocalPort();
      } catch (IOException taken) {
        // The next one.
      }
    }
  }

  @Test
  void aServerThatIsBackIsFoundSoon() throws Exception {
    int port = freePort();
    try (var client = Client.builder().target("127.0.0.1:" + port).retries(0).build()) {
      long began = System.nanoTime();
      while (System.nanoTime() - began < 3_000_000_000L) {
        assertThrows(ImagewireException.Unavailable.class, () -> client.draw("A banana"));
      }
      try (var server = new FakeServer(port, FakeServer.ANSWERS)) {
        began = System.nanoTime();
        Image image = null;
        while (image == null) {
          try {
            image = client.draw("A banana");
          } catch (ImagewireException.Unavailable e) {
            assertTrue(e.isRetryable()); // nothing was sent
          }
        }
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        // What a busy machine takes for a call.
        began = System.nanoTime();
        assertNotNull(client.draw("A banana"));
        Duration busy = Duration.ofNanos(System.nanoTime() - began);
        assertTrue(took.compareTo(SOON.plus(busy.multipliedBy(20))) < 0, took::toString);
        assertEquals(2, server.asked.size());
      }
    }
  }

  @Test
  void whatWasSentIsToldFromWhatWasNot() throws IOException {
    FakeServer.Script lost =
        call -> {
          throw FakeServer.LOST.asRuntimeException();
        };
    try (var server = new FakeServer(lost);
        var client = Client.builder().target("127.0.0.1:" + server.port()).retries(0).build()) {
      var failed =
          assertThrows(ImagewireException.Unavailable.class, () -> client.draw("A banana"));
      assertTrue(failed.getMessage().contains("may have been drawn"), failed.getMessage());
      assertTrue(!failed.isRetryable());
      assertEquals(1, server.asked.size()); // the channel repeats no drawing either
    }
  }
}
