package dev.imagewire;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import dev.imagewire.v1.CandidateFinished;
import dev.imagewire.v1.ChatMessage;
import dev.imagewire.v1.FinishReason;
import dev.imagewire.v1.Finished;
import dev.imagewire.v1.PromptFeedback;
import dev.imagewire.v1.Role;
import dev.imagewire.v1.Started;
import dev.imagewire.v1.Usage;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a model said and drew: its first candidate. The answer of a stream grows while the stream is
 * read.
 */
public final class Answer {
  final List<Part> parts = new ArrayList<>();

  /** Whether another candidate than the first has a picture. */
  boolean others;

  private final String requestId;
  private Started started = Started.getDefaultInstance();
  private CandidateFinished candidate = CandidateFinished.getDefaultInstance();
  private Finished finished = Finished.getDefaultInstance();

  Answer(String requestId) {
    this.requestId = requestId;
  }

  void begin(Started said) {
    if (!Timestamps.isValid(said.getCreateTime()) || !Timestamps.isValid(said.getExpireTime())) {
      throw Failure.corrupt("the answer has a time that no calendar has");
    }
    started = said;
  }

  void end(CandidateFinished said) {
    candidate = said;
  }

  void close(Finished said) {
    finished = said;
  }

  /** The server's id of the answer. */
  public String id() {
    return started.getCompletionId();
  }

  /** The model that was asked. */
  public String model() {
    return started.getModel();
  }

  /** The version of the model that answered, in the provider's words. */
  public String modelVersion() {
    return finished.getModelVersion();
  }

  /** All parts, in order. */
  public List<Part> parts() {
    return Collections.unmodifiableList(parts);
  }

  /** All text that is no thought. */
  public String text() {
    var said = new StringBuilder();
    parts.stream().filter(part -> !part.thought()).forEach(part -> said.append(part.text()));
    return said.toString();
  }

  /** The final picture: the last one that is no draft, else the last draft; null without any. */
  public Image image() {
    Image last = null;
    for (Part part : parts) {
      if (part.image() != null && (last == null || last.thought() || !part.thought())) {
        last = part.image();
      }
    }
    return last;
  }

  /** The pictures that are no drafts. */
  public List<Image> images() {
    return parts.stream()
        .filter(part -> part.image() != null && !part.thought())
        .map(Part::image)
        .toList();
  }

  /** The tokens and the cost; null if the provider reported none. */
  public Usage usage() {
    return finished.hasUsage() ? finished.getUsage() : null;
  }

  /** Why the answer ended. */
  public FinishReason finishReason() {
    return candidate.getFinishReason();
  }

  /** The provider's own word for why the answer ended. */
  public String nativeFinishReason() {
    return candidate.getNativeFinishReason();
  }

  /** The provider's explanation of why the answer ended. */
  public String finishMessage() {
    return candidate.getFinishMessage();
  }

  /** Not null if a filter blocked the prompt. */
  public PromptFeedback promptFeedback() {
    return finished.hasPromptFeedback() ? finished.getPromptFeedback() : null;
  }

  /** When the server began to answer. */
  public Instant created() {
    return instant(started.getCreateTime());
  }

  /** Until when the server keeps the answer; null if it does not. */
  public Instant expires() {
    return started.hasExpireTime() ? instant(started.getExpireTime()) : null;
  }

  /** What belongs to the whole answer: safety ratings, search results, citations. */
  public CandidateFinished candidate() {
    return candidate;
  }

  /** The rest: the provider's id, the model's life cycle, native fields, a continuation's token. */
  public Finished details() {
    return finished;
  }

  /** The id of the call in the server's log. */
  public String requestId() {
    return requestId;
  }

  /**
   * The answer as it goes back to the model in the next turn, with its signatures. A picture whose
   * bytes were not kept goes back by its id.
   */
  public ChatMessage message() {
    var made = ChatMessage.newBuilder().setRole(Role.ROLE_ASSISTANT);
    parts.forEach(part -> made.addParts(part.proto()));
    return made.build();
  }

  private static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** The error of an answer that was to have a picture. */
  ImagewireException noPicture() {
    String code = "NO_PICTURE";
    String reason = nativeFinishReason();
    String message = "the model answered without a picture; change the prompt";
    if (others) {
      message =
          "the picture is not of the first candidate, the only one that this client reads; ask for"
              + " one candidate";
    }
    if (promptFeedback() != null) {
      reason = promptFeedback().getBlockReason();
    }
    if (promptFeedback() != null || finishReason() == FinishReason.FINISH_REASON_CONTENT_FILTER) {
      code = "BLOCKED";
      message = "a filter stopped the prompt or the picture; change the prompt";
    }
    if (!finishMessage().isEmpty()) {
      message += ": " + finishMessage();
    } else if (!text().isEmpty()) {
      message += "; the model said: " + text();
    }
    return Failure.plain(code, reason, message, requestId).exception();
  }
}
