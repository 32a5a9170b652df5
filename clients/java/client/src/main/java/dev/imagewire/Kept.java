package dev.imagewire;

/**
 * Names an answer that a server keeps, and where to go on in it.
 *
 * <p>Only what comes behind {@code afterSequence} and {@code offset} is read; they are those of
 * {@link AnswerStream#position}. Of a file that began before, the SHA-256 cannot be checked, and
 * the answer has no data: the bytes are those of each {@link Event.Chunk}.
 *
 * @param completionId the {@link Answer#id}, or null
 * @param requestId the UUID that the answer was asked for with, or null; one of both is needed
 * @param afterSequence the last event that is not read again, 0 for all of the answer
 * @param offset how many bytes are not read again of the file that this event began
 */
public record Kept(String completionId, String requestId, long afterSequence, long offset) {
  /** All of an answer, by its {@link Answer#id}. */
  public static Kept byCompletionId(String id) {
    return new Kept(id, null, 0, 0);
  }

  /** All of an answer, by the UUID that it was asked for with. */
  public static Kept byRequestId(String uuid) {
    return new Kept(null, uuid, 0, 0);
  }

  /** The same answer from this position on. */
  public Kept after(AnswerStream.Position position) {
    return new Kept(completionId, requestId, position.sequence(), position.offset());
  }
}
