package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.imagewire.v1.DownloadImageRequest;
import dev.imagewire.v1.DownloadImageResponse;
import dev.imagewire.v1.ImageData;
import dev.imagewire.v1.ImageServiceGrpc.ImageServiceImplBase;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is downloaded is no longer than the server announced. */
class DownloadTest {
  private static final int FRAME = 1 << 20;
  private static final int MOST = 256; // frames, and then the server gives up

  /** Announces a size, and sends frames until the client leaves. */
  private static final class Endless extends ImageServiceImplBase implements AutoCloseable {
    final CountDownLatch cancelled = new CountDownLatch(1);
    private final long announced;
    private final Server server;
    private long sent;

    Endless(long announced) throws IOException {
      this.announced = announced;
      server =
          Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
              .addService(this)
              .build()
              .start();
    }

    Client client() {
      return Client.create("127.0.0.1:" + server.getPort());
    }

    @Override
    public void downloadImage(
        DownloadImageRequest request, StreamObserver<DownloadImageResponse> out) {
      var call = (ServerCallStreamObserver<DownloadImageResponse>) out;
      call.setOnCancelHandler(cancelled::countDown);
      call.setOnReadyHandler(() -> send(call));
      var image = dev.imagewire.v1.Image.newBuilder().setSizeBytes(announced);
      out.onNext(DownloadImageResponse.newBuilder().setImage(image).build());
    }

    private void send(ServerCallStreamObserver<DownloadImageResponse> call) {
      while (call.isReady() && sent < MOST) {
        var piece =
            ImageData.newBuilder()
                .setOffset(sent++ * FRAME)
                .setData(ByteString.copyFrom(new byte[FRAME]));
        call.onNext(DownloadImageResponse.newBuilder().setChunk(piece).build());
        if (sent == MOST) {
          call.onCompleted();
        }
      }
    }

    @Override
    public void close() {
      server.shutdownNow();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {300_008, 0, -1})
  void itStopsAtTheFirstByteBeyondTheAnnouncedSize(long announced) throws Exception {
    try (var server = new Endless(announced);
        var client = server.client()) {
      var failed =
          assertThrows(ImagewireException.CorruptAnswer.class, () -> client.download("img-1"));
      assertTrue(failed.getMessage().contains(announced + " were announced"), failed.getMessage());
      server.cancelled.await();
      assertTrue(server.sent < MOST, () -> server.sent + " frames were sent");
    }
  }

  @Test
  void aSizeThatNoArrayHasIsCorrupt() throws Exception {
    try (var server = new Endless(1L << 61);
        var client = server.client()) {
      assertThrows(ImagewireException.CorruptAnswer.class, () -> client.download("img-1"));
      server.cancelled.await();
      assertTrue(server.sent < MOST, () -> server.sent + " frames were sent");
    }
  }

  @Test
  void aReaderGetsNoByteBeyondItAndItsCallEnds() throws Exception {
    try (var server = new Endless(FRAME + 1);
        var client = server.client();
        var picture = client.openDownload("img-1", 0)) {
      assertEquals(FRAME, picture.readNBytes(FRAME).length);
      var failed = assertThrows(IOException.class, picture::read);
      assertInstanceOf(ImagewireException.CorruptAnswer.class, failed.getCause());
      server.cancelled.await();
    }
  }

  @Test
  void aClosedReaderHasNoBytes() throws Exception {
    try (var server = new Endless((long) MOST * FRAME);
        var client = server.client()) {
      InputStream picture = client.openDownload("img-1", 0);
      assertEquals(0, picture.read());
      picture.close();
      assertThrows(IOException.class, picture::read);
      assertThrows(IOException.class, () -> picture.read(new byte[8]));
      assertThrows(IOException.class, picture::readAllBytes);
      server.cancelled.await();
    }
  }
}
