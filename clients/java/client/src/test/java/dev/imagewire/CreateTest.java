package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import dev.imagewire.v1.Candidate;
import dev.imagewire.v1.ChatMessage;
import dev.imagewire.v1.ChatServiceGrpc.ChatServiceImplBase;
import dev.imagewire.v1.CreateCompletionRequest;
import dev.imagewire.v1.CreateCompletionResponse;
import dev.imagewire.v1.DownloadImageRequest;
import dev.imagewire.v1.DownloadImageResponse;
import dev.imagewire.v1.ImageServiceGrpc.ImageServiceImplBase;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Unary answers: the answer is the candidate with the index 0, and what is drawn is not repeated.
 */
class CreateTest {
  /** Answers with these candidates, and fails each download. */
  private static final class Fake extends ChatServiceImplBase implements AutoCloseable {
    final List<String> ids = new CopyOnWriteArrayList<>();
    private final List<Candidate> candidates;
    private final Server server;

    Fake(Supplier<StatusRuntimeException> download, Candidate... candidates) throws IOException {
      this.candidates = List.of(candidates);
      var images =
          new ImageServiceImplBase() {
            @Override
            public void downloadImage(
                DownloadImageRequest request, StreamObserver<DownloadImageResponse> out) {
              out.onError(download.get());
            }
          };
      server =
          Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
              .addService(this)
              .addService(images)
              .build()
              .start();
    }

    Client client() {
      return Client.builder().target("127.0.0.1:" + server.getPort()).retries(0).build();
    }

    @Override
    public void createCompletion(
        CreateCompletionRequest request, StreamObserver<CreateCompletionResponse> out) {
      ids.add(request.getRequestId());
      out.onNext(CreateCompletionResponse.newBuilder().addAllCandidates(candidates).build());
      out.onCompleted();
    }

    @Override
    public void close() {
      server.shutdownNow();
    }
  }

  private static StatusRuntimeException refused(Code code, String reason) {
    var info = ErrorInfo.newBuilder().setDomain("imagewire.dev").setReason(reason).build();
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.getNumber())
            .addDetails(Any.pack(info))
            .build());
  }

  private static Candidate candidate(int index, String text) {
    var message = ChatMessage.newBuilder();
    message.addPartsBuilder().setText(text);
    return Candidate.newBuilder().setIndex(index).setMessage(message).build();
  }

  private static Candidate drawn(int index) {
    var message = ChatMessage.newBuilder();
    message.addPartsBuilder().getImageBuilder().setImageId("img-1");
    return Candidate.newBuilder().setIndex(index).setMessage(message).build();
  }

  @Test
  void theAnswerIsTheCandidateWithTheIndexZero() throws IOException {
    try (var server = new Fake(null, candidate(1, "second"), candidate(0, "first"));
        var client = server.client()) {
      assertEquals("first", client.createCompletion("A banana").text());
    }
    try (var server = new Fake(null, drawn(1));
        var client = server.client()) {
      Answer answer = client.createCompletion("A banana");
      assertEquals(List.of(), answer.parts());
      assertTrue(answer.noPicture().getMessage().contains("first candidate"));
    }
  }

  @Test
  void whatIsDrawnAndNotFetchedIsNotRepeated() throws IOException {
    for (var failed :
        List.of(
            FakeServer.LOST.asRuntimeException(),
            refused(Code.UNAVAILABLE, "STORE_UNAVAILABLE"),
            refused(Code.NOT_FOUND, "IMAGE_NOT_FOUND"))) {
      try (var server = new Fake(() -> failed, drawn(0));
          var client = server.client()) {
        var seen =
            assertThrows(ImagewireException.class, () -> client.createCompletion("A banana"));
        assertEquals(failed.getStatus().getCode().name(), seen.code());
        assertFalse(seen.isRetryable());
        String get = "getCompletion(Kept.byRequestId(\"" + server.ids.get(0) + "\"))";
        assertTrue(seen.getMessage().contains("the picture is drawn; while"), seen.getMessage());
        assertTrue(seen.getMessage().contains(get), seen.getMessage());
        assertEquals(1, server.ids.size());
      }
    }
  }

  @Test
  void whoeverLeavesWhileItIsFetchedKnowsThatItIsDrawn() throws Exception {
    var context = Context.current().withCancellation();
    Supplier<StatusRuntimeException> leaves =
        () -> {
          context.cancel(null);
          return FakeServer.LOST.asRuntimeException();
        };
    try (var server = new Fake(leaves, drawn(0));
        var client = server.client()) {
      var seen =
          assertThrows(
              ImagewireException.Cancelled.class,
              () -> context.call(() -> client.createCompletion("A banana")));
      assertFalse(seen.isRetryable());
      assertTrue(seen.getMessage().contains("the picture is drawn"), seen.getMessage());
    }
  }
}
