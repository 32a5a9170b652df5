package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import dev.imagewire.v1.PartKind;
import dev.imagewire.v1.PartStarted;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** Sixteen streams of 20 MB at once, in a process of their own, with little memory. */
class MemoryTest {
  private static final int STREAMS = 16;
  private static final int SIZE = 20 << 20;
  private static final int FRAME = 256 << 10;

  private static void big(FakeServer.Call call) throws InterruptedException {
    var sum = Verifier.sha256();
    ByteString data = ByteString.copyFrom(new byte[FRAME]);
    call.send(FakeServer.events().get(0));
    var image = PartStarted.newBuilder().setKind(PartKind.PART_KIND_IMAGE);
    call.send(FakeServer.event(2).setPartStarted(image).build());
    for (long at = 0; at < SIZE; at += FRAME) {
      sum.update(data.asReadOnlyByteBuffer());
      call.send(FakeServer.chunk(2, 0, at, data));
    }
    call.send(FakeServer.finished(3, 0, SIZE, ByteString.copyFrom(sum.digest())));
    call.send(FakeServer.events().get(10).toBuilder().setSequence(4).build());
    call.send(FakeServer.events().get(11).toBuilder().setSequence(5).build());
  }

  @Test
  void sixteenStreamsAtOnceTakeLittleMemory() throws Exception {
    try (var server = new FakeServer(MemoryTest::big)) {
      Process child =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin/java").toString(),
                  // 64 MiB: the heap, and what gRPC has outside of it.
                  "-Xmx24m",
                  "-XX:MaxDirectMemorySize=40m",
                  "-XX:+ExitOnOutOfMemoryError",
                  "-cp",
                  System.getProperty("java.class.path"),
                  MemoryTest.class.getName(),
                  "127.0.0.1:" + server.port())
              .redirectErrorStream(true)
              .start();
      String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, child.waitFor(), said);
      assertEquals(STREAMS, server.asked.size(), said);
    }
  }

  /** The child. */
  public static void main(String[] args) {
    var threads = Executors.newFixedThreadPool(STREAMS);
    try (Client client = Client.create(args[0])) {
      List<CompletableFuture<Void>> reading = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        reading.add(CompletableFuture.runAsync(() -> read(client), threads));
      }
      reading.forEach(CompletableFuture::join);
    } finally {
      threads.shutdown();
    }
  }

  private static void read(Client client) {
    try {
      long written = client.stream("A banana").transferTo(OutputStream.nullOutputStream());
      if (written != SIZE) {
        throw new IllegalStateException(written + " bytes");
      }
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
