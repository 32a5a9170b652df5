package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.imagewire.v1.CandidateFinished;
import dev.imagewire.v1.Finished;
import dev.imagewire.v1.ImageChunk;
import dev.imagewire.v1.PartFinished;
import dev.imagewire.v1.PartKind;
import dev.imagewire.v1.PartStarted;
import dev.imagewire.v1.StreamCompletionResponse;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The largest that a server may say. */
class LimitsTest {
  @Test
  void anErrorHasAllItsViolations() throws Exception {
    var wrong = BadRequest.newBuilder();
    for (int i = 0; i < 64; i++) {
      wrong
          .addFieldViolationsBuilder()
          .setField("messages[" + i + "].parts[0].image.mime_type")
          .setDescription("is no media type that the model takes; ".repeat(12));
    }
    var info = ErrorInfo.newBuilder().setDomain("imagewire.dev").setReason("INVALID_REQUEST");
    var status =
        Status.newBuilder()
            .setCode(Code.INVALID_ARGUMENT_VALUE)
            .setMessage("64 fields are wrong")
            .addDetails(Any.pack(info.build()))
            .addDetails(Any.pack(wrong.build()))
            .build();
    FakeServer.Script refuses =
        call -> {
          throw StatusProto.toStatusRuntimeException(status);
        };
    try (var server = new FakeServer(refuses);
        var client = server.client()) {
      var failed =
          assertThrows(ImagewireException.InvalidRequest.class, () -> client.draw("A banana"));
      assertEquals(64, failed.violations().size());
    }
  }

  @Test
  void aMessageBeyondTheClientsLimitIsAnAnswerTooLarge() throws Exception {
    FakeServer.Script large =
        call -> {
          call.send(FakeServer.events().subList(0, 6));
          call.send(FakeServer.chunk(6, 1, 0, ByteString.copyFrom(new byte[256 << 10])));
          call.untilCancelled();
        };
    try (var server = new FakeServer(large);
        var client =
            Client.builder()
                .target("127.0.0.1:" + server.port())
                .maxMessageBytes(128 << 10)
                .build()) {
      var failed =
          assertThrows(ImagewireException.AnswerTooLarge.class, () -> client.draw("A banana"));
      assertEquals("RESOURCE_EXHAUSTED", failed.code());
      assertEquals(1, server.asked.size());
    }
  }

  private static List<StreamCompletionResponse> eventsOfTheSecond() {
    ByteString data = ByteString.copyFromUtf8("picture");
    var begun = PartStarted.newBuilder().setCandidateIndex(1).setKind(PartKind.PART_KIND_IMAGE);
    var image =
        dev.imagewire.v1.Image.newBuilder()
            .setSizeBytes(data.size())
            .setSha256(Verifier.sha256(data));
    var made = new ArrayList<>(FakeServer.events().subList(0, 1));
    made.add(FakeServer.event(2).setPartStarted(begun).build());
    made.add(
        FakeServer.event(2)
            .setImageChunk(ImageChunk.newBuilder().setCandidateIndex(1).setData(data))
            .build());
    made.add(
        FakeServer.event(3)
            .setPartFinished(PartFinished.newBuilder().setCandidateIndex(1).setImage(image))
            .build());
    made.add(
        FakeServer.event(4)
            .setCandidateFinished(CandidateFinished.newBuilder().setCandidateIndex(1))
            .build());
    made.add(FakeServer.event(5).setFinished(Finished.getDefaultInstance()).build());
    return made;
  }

  @Test
  void aPictureOfAnotherCandidateIsNotTheAnswers() throws Exception {
    try (var server = new FakeServer(call -> call.send(eventsOfTheSecond()));
        var client = server.client()) {
      var failed = assertThrows(ImagewireException.NoPicture.class, () -> client.draw("A banana"));
      assertTrue(failed.getMessage().contains("first candidate"), failed.getMessage());
      try (var stream = client.stream("A banana")) {
        var cause = assertThrows(java.io.IOException.class, stream.picture()::read).getCause();
        assertEquals(failed.getMessage(), cause.getMessage());
      }
    }
  }
}
