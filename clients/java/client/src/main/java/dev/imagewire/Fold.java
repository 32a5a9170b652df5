package dev.imagewire;

import static dev.imagewire.Failure.corrupt;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.imagewire.v1.Candidate;
import dev.imagewire.v1.CandidateFinished;
import dev.imagewire.v1.CreateCompletionResponse;
import dev.imagewire.v1.Finished;
import dev.imagewire.v1.PartFinished;
import dev.imagewire.v1.Started;
import dev.imagewire.v1.StreamCompletionResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Lets an answer grow by the events of a stream, each of them checked: its first candidate. */
final class Fold {
  final Answer answer;
  private final StringBuilder text = new StringBuilder();
  private final List<ByteString> data = new ArrayList<>(); // of the open file
  private boolean whole; // whether its beginning is among them
  private boolean thought;

  Fold(Answer answer) {
    this.answer = answer;
  }

  /** What the event brought, or null. keep: whether the bytes of files are kept. */
  Event add(StreamCompletionResponse said, boolean keep) {
    switch (said.getEventCase()) {
      case STARTED -> {
        answer.begin(said.getStarted());
        return new Event.Started(answer.id(), answer.model(), answer.expires());
      }
      case PART_STARTED -> {
        if (said.getPartStarted().getCandidateIndex() == 0) {
          clear();
          whole = true;
          thought = said.getPartStarted().getThought();
        }
      }
      case TEXT_DELTA -> {
        var delta = said.getTextDelta();
        if (delta.getCandidateIndex() == 0) {
          text.append(delta.getText());
          return new Event.TextDelta(delta.getPartIndex(), delta.getText(), thought);
        }
      }
      case IMAGE_CHUNK -> {
        var chunk = said.getImageChunk();
        if (chunk.getCandidateIndex() == 0) {
          return chunk(chunk.getPartIndex(), chunk.getOffset(), chunk.getData(), keep);
        }
      }
      case MEDIA_CHUNK -> {
        var chunk = said.getMediaChunk();
        if (chunk.getCandidateIndex() == 0) {
          return chunk(chunk.getPartIndex(), chunk.getOffset(), chunk.getData(), keep);
        }
      }
      case PART_FINISHED -> {
        var finished = said.getPartFinished();
        if (finished.getCandidateIndex() == 0) {
          Part part = Part.of(finished, text.toString(), ByteString.copyFrom(data));
          clear();
          answer.parts.add(part);
          return new Event.PartDone(finished.getPartIndex(), part);
        }
        answer.others |= finished.hasImage();
      }
      case CANDIDATE_FINISHED -> {
        if (said.getCandidateFinished().getCandidateIndex() == 0) {
          answer.end(said.getCandidateFinished());
        }
      }
      case FINISHED -> {
        answer.close(said.getFinished());
        return new Event.Finished(answer);
      }
      default -> {}
    }
    return null;
  }

  private void clear() {
    text.setLength(0);
    data.clear();
    whole = false;
  }

  private Event chunk(int part, long offset, ByteString bytes, boolean keep) {
    // Of a file that began before the reader joined, there is no whole to keep.
    if (keep && whole) {
      data.add(bytes);
    }
    return new Event.Chunk(part, offset, bytes, thought);
  }

  /** Adds a unary answer. fetch gets a picture whose bytes are on the server, by its id. */
  static void whole(
      Answer answer, CreateCompletionResponse said, Function<String, ByteString> fetch) {
    answer.begin(shared(Started.newBuilder(), said).build());
    answer.close(shared(Finished.newBuilder(), said).build());
    Candidate candidate = null;
    for (Candidate each : said.getCandidatesList()) {
      if (each.getIndex() == 0 && candidate == null) {
        candidate = each;
      } else {
        answer.others |=
            each.getMessage().getPartsList().stream().anyMatch(part -> part.hasImage());
      }
    }
    if (candidate == null) {
      return;
    }
    answer.end(shared(CandidateFinished.newBuilder(), candidate).build());
    var last = candidate.getMessage().getImage();
    for (var part : candidate.getMessage().getPartsList()) {
      var finished = shared(PartFinished.newBuilder(), part);
      var image = finished.getImage();
      // The part of the final picture refers to it by its SHA-256, and has no bytes.
      boolean refers = image.getSourceCase() == dev.imagewire.v1.Image.SourceCase.SOURCE_NOT_SET;
      if (finished.hasImage() && refers && image.getSha256().equals(last.getSha256())) {
        image = last;
        finished.setImage(image);
      }
      ByteString data = image.getData();
      if (image.hasImageId()) {
        data = fetch.apply(image.getImageId());
      }
      if (finished.hasImage() && !image.hasUri()) {
        if (data.isEmpty()) {
          throw corrupt("a picture is missing: the answer has neither its bytes nor their place");
        }
        Verifier.checkBytes("a picture", data, image.getSizeBytes(), image.getSha256());
      } else if (finished.hasMedia() && !finished.getMedia().hasUri()) {
        var media = finished.getMedia();
        Verifier.checkBytes("a file", media.getData(), media.getSizeBytes(), media.getSha256());
      }
      answer.parts.add(Part.of(finished.build(), part.getText(), data));
    }
  }

  // The fields that two messages have in common by name: an event has those of the unary answer.
  private static <B extends Message.Builder> B shared(B into, Message from) {
    from.getAllFields()
        .forEach(
            (field, value) -> {
              FieldDescriptor same = into.getDescriptorForType().findFieldByName(field.getName());
              if (same != null) {
                into.setField(same, value);
              }
            });
    return into;
  }
}
