package dev.imagewire;

import com.google.protobuf.ByteString;
import java.time.Instant;

/** What one event of a stream brought. */
public sealed interface Event {
  /**
   * The model has begun to answer.
   *
   * @param expires until when the server keeps the answer; null if it does not
   */
  record Started(String id, String model, Instant expires) implements Event {}

  /** More text of a part. */
  record TextDelta(int part, String text, boolean thought) implements Event {}

  /**
   * More bytes of a picture's or another file's, which begin at {@code offset}. Whether it is a
   * draft ({@code thought}) may be known only when the part is done, and until then its bytes may
   * be damaged.
   */
  record Chunk(int part, long offset, ByteString data, boolean thought) implements Event {}

  /** A part that is complete and checked. */
  record PartDone(int index, Part part) implements Event {}

  /** The whole answer. It is the last event. */
  record Finished(Answer answer) implements Event {}
}
