package dev.imagewire;

import static dev.imagewire.Failure.corrupt;

import com.google.protobuf.ByteString;
import dev.imagewire.v1.PartFinished;
import dev.imagewire.v1.PartKind;
import dev.imagewire.v1.PartStarted;
import dev.imagewire.v1.StreamCompletionResponse;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Checks a stream's events one by one, and keeps none of their bytes. Events and kinds of parts
 * that a newer server adds are accepted; all others must be as the contract says.
 */
final class Verifier {
  /** A part that has begun: its size and hash so far. */
  private static final class OpenPart {
    final PartKind kind;
    final int index;
    final MessageDigest hash;
    long size;

    OpenPart(PartKind kind, int index, MessageDigest hash) {
      this.kind = kind;
      this.index = index;
      this.hash = hash;
    }

    boolean isFile() {
      return kind == PartKind.PART_KIND_IMAGE || kind == PartKind.PART_KIND_MEDIA;
    }
  }

  private final Map<Integer, OpenPart> open = new HashMap<>(); // null between two parts
  private final Map<Integer, Integer> count = new HashMap<>(); // whole parts of each candidate
  private final Set<Integer> ended = new HashSet<>();
  private final boolean joined;
  private OpenPart last; // the part that the last event began
  private long sequence;
  private boolean finished;
  private String completionId = "";
  private boolean kept;

  /** A stream that begins behind event {@code after} and so many bytes of the file it began. */
  Verifier(long after, long offset) {
    sequence = after;
    joined = after > 0;
    if (offset > 0) {
      last = new OpenPart(PartKind.PART_KIND_UNSPECIFIED, 0, null);
      last.size = offset;
    }
  }

  /** Whether anything but heartbeats has come. */
  boolean begun() {
    return sequence > 0;
  }

  boolean finished() {
    return finished;
  }

  /** The answer's id, once it has begun. */
  String completionId() {
    return completionId;
  }

  /** Whether the server keeps the answer. */
  boolean kept() {
    return kept;
  }

  AnswerStream.Position position() {
    return new AnswerStream.Position(sequence, last == null ? 0 : last.size);
  }

  void check(StreamCompletionResponse event) {
    if (event.hasHeartbeat()) {
      return;
    }
    if (finished) {
      throw corrupt("the stream went on after its last event");
    }
    boolean chunk = event.hasImageChunk() || event.hasMediaChunk();
    long due = chunk ? sequence : sequence + 1;
    if (event.getSequence() != due) {
      throw corrupt("event %d is missing: %d came in its place", due, event.getSequence());
    }
    if (event.hasStarted() != (sequence == 0)) {
      throw corrupt(
          "event %d is out of order: a stream has one start, and it comes first",
          event.getSequence());
    }
    if (!chunk) {
      last = null;
    }
    sequence = event.getSequence();
    switch (event.getEventCase()) {
      case STARTED -> {
        completionId = event.getStarted().getCompletionId();
        kept = event.getStarted().hasExpireTime();
      }
      case PART_STARTED -> start(event.getPartStarted());
      case TEXT_DELTA -> {
        var said = event.getTextDelta();
        OpenPart part = within(said.getCandidateIndex(), said.getPartIndex());
        if (part != null && part.kind != PartKind.PART_KIND_TEXT) {
          throw corrupt("text came for part %d, which is none", part.index);
        }
      }
      case IMAGE_CHUNK -> {
        var said = event.getImageChunk();
        chunk(said.getCandidateIndex(), said.getPartIndex(), said.getOffset(), said.getData());
      }
      case MEDIA_CHUNK -> {
        var said = event.getMediaChunk();
        chunk(said.getCandidateIndex(), said.getPartIndex(), said.getOffset(), said.getData());
      }
      case PART_FINISHED -> finish(event.getPartFinished());
      case CANDIDATE_FINISHED -> {
        int candidate = event.getCandidateFinished().getCandidateIndex();
        if (open.get(candidate) != null || !ended.add(candidate)) {
          throw corrupt("candidate %d ended out of order", candidate);
        }
        open.put(candidate, null);
      }
      case FINISHED -> {
        if (!ended.containsAll(open.keySet())) {
          throw corrupt("the stream ended inside a candidate");
        }
        finished = true;
      }
      default -> {}
    }
  }

  /** Checks that the stream may end here. */
  void close() {
    if (!finished) {
      throw corrupt("the stream ended before its last event: the answer is not whole");
    }
  }

  // Whether this candidate's part began before the reader joined, so that nothing is known of it.
  private boolean unseen(int candidate) {
    return joined && !open.containsKey(candidate);
  }

  private void start(PartStarted said) {
    int candidate = said.getCandidateIndex();
    int index = said.getPartIndex();
    boolean inOrder = index == count.getOrDefault(candidate, 0) || unseen(candidate);
    if (ended.contains(candidate) || open.get(candidate) != null || !inOrder) {
      throw corrupt("part %d of candidate %d began out of order", index, candidate);
    }
    last = new OpenPart(said.getKind(), index, sha256());
    open.put(candidate, last);
  }

  /** The open part, which must have this index; null if it is unseen. */
  private OpenPart within(int candidate, int index) {
    if (unseen(candidate)) {
      return null;
    }
    OpenPart part = open.get(candidate);
    if (part == null || part.index != index) {
      throw corrupt(
          "something came for part %d of candidate %d, which is not open", index, candidate);
    }
    return part;
  }

  private void chunk(int candidate, int index, long offset, ByteString data) {
    OpenPart part = within(candidate, index);
    if (part == null) { // only the order of its bytes can be checked
      if (last == null) {
        last = new OpenPart(PartKind.PART_KIND_UNSPECIFIED, index, null);
      }
      part = last;
    } else if (!part.isFile()) {
      throw corrupt("bytes came for part %d, which is no file", index);
    }
    if (offset != part.size) {
      throw corrupt("a part's bytes go on at %d where %d was due", offset, part.size);
    }
    part.size += data.size();
    if (part.hash != null) {
      part.hash.update(data.asReadOnlyByteBuffer());
    }
  }

  private void finish(PartFinished said) {
    int candidate = said.getCandidateIndex();
    OpenPart part = within(candidate, said.getPartIndex());
    open.put(candidate, null);
    count.put(candidate, said.getPartIndex() + 1);
    if (part == null) {
      return;
    }
    boolean file = said.hasImage() || said.hasMedia();
    boolean fits =
        switch (part.kind) {
          case PART_KIND_TEXT -> said.getContentCase() == PartFinished.ContentCase.CONTENT_NOT_SET;
          // Whether it is a picture or other media may be known only at its end.
          case PART_KIND_IMAGE, PART_KIND_MEDIA -> file;
          case PART_KIND_FUNCTION_CALL -> said.hasFunctionCall();
          case PART_KIND_NATIVE -> said.hasNative();
          default -> true;
        };
    if (!fits) {
      throw corrupt(
          "part %d of candidate %d began as %s and ended as %s",
          part.index, candidate, part.kind, said.getContentCase());
    }
    if (said.hasImage()) {
      var image = said.getImage();
      checkFile("a picture", image.hasUri(), image.getSizeBytes(), image.getSha256(), part);
    } else if (said.hasMedia()) {
      var media = said.getMedia();
      String what = "a file of type " + media.getMimeType();
      checkFile(what, media.hasUri(), media.getSizeBytes(), media.getSha256(), part);
    }
  }

  private static void checkFile(
      String what, boolean elsewhere, long size, ByteString sum, OpenPart part) {
    if (elsewhere && part.size > 0) {
      throw corrupt("%s is said to be elsewhere, but has %d bytes here", what, part.size);
    } else if (elsewhere) {
      return;
    } else if (part.size == 0 || part.size != size) {
      throw corrupt("%s has %d bytes where %d were announced", what, part.size, size);
    } else if (!MessageDigest.isEqual(part.hash.digest(), sum.toByteArray())) {
      throw corrupt("%s was damaged on its way: its sha256 differs", what);
    }
  }

  /** Checks a file that came whole. */
  static void checkBytes(String what, ByteString data, long size, ByteString sum) {
    if (data.size() != size || !sha256(data).equals(sum)) {
      throw corrupt("%s was damaged on its way: its size or sha256 differs", what);
    }
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) { // every JRE has it
      throw new IllegalStateException(impossible);
    }
  }

  static ByteString sha256(ByteString data) {
    MessageDigest hash = sha256();
    hash.update(data.asReadOnlyByteBuffer());
    return ByteString.copyFrom(hash.digest());
  }
}
