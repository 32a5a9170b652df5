package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.imagewire.v1.GetModelRequest;
import dev.imagewire.v1.GetModelResponse;
import dev.imagewire.v1.ImageServiceGrpc.ImageServiceImplBase;
import dev.imagewire.v1.ModelServiceGrpc.ModelServiceImplBase;
import dev.imagewire.v1.UploadImageRequest;
import dev.imagewire.v1.UploadImageResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What a server says of a picture that it was sent, or of a model, is checked. */
class UploadTest {
  private static final byte[] PICTURE = "GIF89a, and so on".getBytes(StandardCharsets.US_ASCII);

  /** Answers uploads with what it was told of the picture, and an id, as changed. */
  private static Server server(Consumer<dev.imagewire.v1.Image.Builder> change) throws IOException {
    var images =
        new ImageServiceImplBase() {
          @Override
          public StreamObserver<UploadImageRequest> uploadImage(
              StreamObserver<UploadImageResponse> out) {
            var image = dev.imagewire.v1.Image.newBuilder();
            return new StreamObserver<>() {
              @Override
              public void onNext(UploadImageRequest sent) {
                image.mergeFrom(sent.getImage());
              }

              @Override
              public void onError(Throwable cancelled) {}

              @Override
              public void onCompleted() {
                change.accept(image.setImageId("img-1"));
                out.onNext(UploadImageResponse.newBuilder().setImage(image).build());
                out.onCompleted();
              }
            };
          }
        };
    var models =
        new ModelServiceImplBase() {
          @Override
          public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> out) {
            out.onNext(GetModelResponse.getDefaultInstance());
            out.onCompleted();
          }
        };
    return Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
        .addService(images)
        .addService(models)
        .build()
        .start();
  }

  private static Image upload(Consumer<dev.imagewire.v1.Image.Builder> change) throws IOException {
    Server server = server(change);
    try (var client = Client.create("127.0.0.1:" + server.getPort())) {
      return client.upload(Image.of(PICTURE));
    } finally {
      server.shutdownNow();
    }
  }

  @Test
  void aPictureIsTheOneThatWasSent() throws IOException {
    assertEquals("img-1", upload(said -> {}).id());
    assertThrows(
        ImagewireException.CorruptAnswer.class,
        () -> upload(said -> said.setSha256(ByteString.copyFrom(new byte[32]))));
    assertThrows(
        ImagewireException.CorruptAnswer.class, () -> upload(said -> said.setSizeBytes(1)));
    assertThrows(ImagewireException.CorruptAnswer.class, () -> upload(said -> said.clear()));
    var failed =
        assertThrows(
            ImagewireException.CorruptAnswer.class, () -> upload(said -> said.setImageId("")));
    assertTrue(failed.getMessage().contains("upload"), failed.getMessage());
  }

  @Test
  void anAnswerWithoutItsModelIsCorrupt() throws IOException {
    Server server = server(said -> {});
    try (var client = Client.create("127.0.0.1:" + server.getPort())) {
      assertThrows(ImagewireException.CorruptAnswer.class, () -> client.getModel("m"));
    } finally {
      server.shutdownNow();
    }
  }
}
