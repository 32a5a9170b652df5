package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.imagewire.v1.ErrorReason;
import dev.imagewire.v1.ImageServiceGrpc.ImageServiceImplBase;
import dev.imagewire.v1.UploadImageRequest;
import dev.imagewire.v1.UploadImageResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Servers that break their word, and addresses that are seldom. */
class RogueTest {
  private static FakeServer.Script refuses(Code code, String reason, String pushback, int seconds) {
    var info = ErrorInfo.newBuilder().setDomain("imagewire.dev").setReason(reason).build();
    var delay = com.google.protobuf.Duration.newBuilder().setSeconds(seconds);
    var status =
        com.google.rpc.Status.newBuilder()
            .setCode(code.getNumber())
            .addDetails(Any.pack(info))
            .addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(delay).build()))
            .build();
    var trailers = new Metadata();
    trailers.put(Call.key("grpc-retry-pushback-ms"), pushback);
    return call -> {
      throw StatusProto.toStatusRuntimeException(status, trailers);
    };
  }

  @Test
  void detailsThatCannotBeReadAreNone() throws Exception {
    var trailers = new Metadata();
    trailers.put(
        Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER),
        new byte[] {-1, -1, -1});
    FakeServer.Script refuses =
        call -> {
          throw Status.NOT_FOUND.withDescription("no").asRuntimeException(trailers);
        };
    try (var server = new FakeServer(refuses);
        var client = server.client()) {
      var failed = assertThrows(ImagewireException.NotFound.class, () -> client.draw("A banana"));
      assertEquals("no", failed.getMessage());
      assertEquals(ErrorReason.ERROR_REASON_UNSPECIFIED, failed.errorReason());
      assertEquals(0, failed.errorReason().getNumber());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "3600000, true, 3600000",
    "99999999999999999999, false, 0",
    "abc, false, 0",
    "-7, false, 0"
  })
  void aCallIsNotRepeatedAgainstTheServersWord(String pushback, boolean retryable, long millis)
      throws Exception {
    try (var server = new FakeServer(refuses(Code.UNAVAILABLE, "OVERLOADED", pushback, -5));
        var client = server.client()) {
      var failed = assertThrows(ImagewireException.class, () -> client.draw("A banana"));
      assertEquals(1, server.asked.size());
      assertEquals(retryable, failed.isRetryable());
      assertEquals(Duration.ofMillis(millis), failed.retryAfter());
    }
  }

  @Test
  void whatWasCutAndThenRefusedMayBeCharged() throws Exception {
    FakeServer.Script cut =
        call -> {
          call.send(FakeServer.events().subList(0, 7));
          throw FakeServer.LOST.asRuntimeException();
        };
    try (var server = new FakeServer(cut, refuses(Code.UNAVAILABLE, "OVERLOADED", "10", 0));
        var client = server.client()) {
      var failed =
          assertThrows(ImagewireException.Unavailable.class, () -> client.draw("A banana"));
      assertEquals("OVERLOADED", failed.reason());
      assertFalse(failed.isRetryable());
    }
  }

  @Test
  void aStreamThatDoesNotEndBehindItsLastEventIsWhole() throws Exception {
    FakeServer.Script hangs =
        call -> {
          call.send(FakeServer.events());
          call.untilCancelled();
        };
    try (var server = new FakeServer(hangs);
        var client = server.client()) {
      var options = new Options().timeout(Duration.ofSeconds(3));
      assertArrayEquals(FakeServer.PICTURE, client.draw("A banana", options).data());
    }
  }

  @Test
  void anUploadThatIsAnsweredWithAnotherPictureIsDamaged() throws Exception {
    var other =
        dev.imagewire.v1.Image.newBuilder()
            .setImageId("img-1")
            .setSha256(ByteString.copyFrom(new byte[32]))
            .build();
    for (var image : List.of(other, dev.imagewire.v1.Image.getDefaultInstance())) {
      var images =
          new ImageServiceImplBase() {
            @Override
            public StreamObserver<UploadImageRequest> uploadImage(
                StreamObserver<UploadImageResponse> out) {
              return new StreamObserver<>() {
                @Override
                public void onNext(UploadImageRequest request) {}

                @Override
                public void onError(Throwable failed) {}

                @Override
                public void onCompleted() {
                  out.onNext(UploadImageResponse.newBuilder().setImage(image).build());
                  out.onCompleted();
                }
              };
            }
          };
      var server =
          Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
              .addService(images)
              .build()
              .start();
      try (var client = Client.create("127.0.0.1:" + server.getPort())) {
        var picture = Image.of(FakeServer.PICTURE);
        assertThrows(ImagewireException.CorruptAnswer.class, () -> client.upload(picture));
      } finally {
        server.shutdownNow();
      }
    }
  }

  @Test
  void anAddressOfIpv6IsATarget() {
    for (String target : List.of("[::1]:1", "https://[::1]:1", "dns:///[::1]:1")) {
      try (var client = Client.builder().target(target).retries(0).build()) {
        var failed =
            assertThrows(ImagewireException.Unavailable.class, () -> client.draw("A banana"));
        assertTrue(failed.getMessage().contains("answers at dns:///[::1]:1"), failed.getMessage());
      }
    }
  }
}
