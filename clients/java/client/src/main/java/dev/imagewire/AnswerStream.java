package dev.imagewire;

import com.google.protobuf.ByteString;
import dev.imagewire.v1.StreamCompletionResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * An answer while it arrives. Read it once, in one of five ways: as an {@link Iterable} of its
 * events, by {@link #publisher}, {@link #collect}, {@link #transferTo} or {@link #picture}, by one
 * thread at a time: a second reader is an {@link IllegalStateException}, and only {@link #collect}
 * reads the rest behind another. Nothing is sent before that. Whoever leaves it before its end
 * closes it, which any thread may do. One that is left open holds its call, and the server's, until
 * it is collected as garbage or the call's time is over.
 */
public final class AnswerStream implements Iterable<Event>, AutoCloseable {
  /** Where {@link Client#resume} can go on: the last event, and the bytes of the file it began. */
  public record Position(long sequence, long offset) implements Comparable<Position> {
    @Override
    public int compareTo(Position other) {
      int order = Long.compare(sequence, other.sequence);
      return order == 0 ? Long.compare(offset, other.offset) : order;
    }
  }

  private final Client client;
  private final Supplier<Asking> start;
  private final Chat.Turn turn; // null outside of a chat
  private final AtomicBoolean taken = new AtomicBoolean();
  private boolean keep = true;
  private volatile Asking asking;
  private volatile Fold fold;
  private volatile boolean ended;
  private volatile ImagewireException failed;

  AnswerStream(Client client, Supplier<Asking> start, Chat.Turn turn) {
    this.client = client;
    this.start = start;
    this.turn = turn;
  }

  /** A second reader would get what the first one left. */
  void take() {
    if (taken.getAndSet(true)) {
      throw new IllegalStateException("a stream has one reader, and this one has it already");
    }
  }

  /** The next event; null at the end. */
  Event read() {
    if (failed != null) {
      throw failed;
    }
    try {
      if (asking == null) {
        begin();
      }
      while (!ended) {
        StreamCompletionResponse said = asking.next();
        if (said == null) {
          ended = true;
          asking.call.close();
          break;
        }
        Event event = fold.add(said, keep);
        // Whoever leaves at the last event has the whole answer, and so has the chat.
        if (event instanceof Event.Finished && turn != null) {
          turn.add(fold.answer);
        }
        if (event != null) {
          return event;
        }
      }
      return null;
    } catch (ImagewireException e) {
      end(e);
      throw e;
    }
  }

  private synchronized void begin() {
    if (failed != null) {
      throw failed;
    }
    Asking made = start.get();
    fold = new Fold(new Answer(made.call.logId));
    asking = made;
    made.call.endWith(this);
  }

  private synchronized void end(ImagewireException why) {
    if (asking != null) {
      asking.call.close();
    }
    if (failed == null && !ended) {
      failed = why;
    }
  }

  /** Ends the call. A stream that is read to its end is closed. */
  @Override
  public void close() {
    String message = "the stream was closed before its end";
    end(Failure.plain("CANCELLED", "", message, "").exception());
  }

  /**
   * The events as they come. Its methods throw an {@link ImagewireException} if the call fails.
   * Leaving a loop does not close the stream: use try-with-resources.
   */
  @Override
  public Iterator<Event> iterator() {
    take();
    return new Iterator<>() {
      private Event next;

      @Override
      public boolean hasNext() {
        if (next == null) {
          next = read();
        }
        return next != null;
      }

      @Override
      public Event next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        Event event = next;
        next = null;
        return event;
      }
    };
  }

  /**
   * The events as they come, for one subscriber. No more is read than it asks for, so a slow one
   * slows the server down. To cancel the subscription ends the call.
   */
  public Flow.Publisher<Event> publisher() {
    return new EventPublisher(this, client.executor());
  }

  /** Reads the stream to its end, also behind events that were read already. */
  public Answer collect() {
    taken.set(true);
    try (this) {
      while (read() != null) {}
      return answer();
    }
  }

  /** The answer as far as it has come; null before the stream is read. */
  public Answer answer() {
    return fold == null ? null : fold.answer;
  }

  /** Where {@link Client#resume} can go on: see {@link Kept#after}. */
  public Position position() {
    return asking == null ? new Position(0, 0) : asking.verifier.position();
  }

  /**
   * Writes the picture to {@code out} while it arrives, and reads the stream to its end. The bytes
   * are checked at the end of the picture: if this throws, do not use what was written. It writes
   * the first picture. If that turns out to be a draft of the model's thinking, this throws {@link
   * ImagewireException.NoPicture} with the reason "DRAFT"; read the events of such answers.
   *
   * @return how many bytes were written
   * @throws IOException if {@code out} does
   */
  public long transferTo(OutputStream out) throws IOException {
    Objects.requireNonNull(out, "out");
    long written = 0;
    try (Picture picture = new Picture()) {
      for (ByteString piece = picture.next(); piece != null; piece = picture.next()) {
        piece.writeTo(out);
        written += piece.size();
      }
    }
    return written;
  }

  /**
   * Reads the picture while it arrives, as {@link #transferTo} writes it: the end comes after the
   * last event of the stream, when the picture has been checked. Its methods throw an {@link
   * IOException} whose cause is the {@link ImagewireException}. Closing it ends the call, and no
   * byte is read after that.
   */
  public InputStream picture() {
    return new Picture();
  }

  private final class Picture extends Pieces {
    private int part = -1;

    Picture() {
      take();
      keep = turn != null; // a chat's next turn needs the picture
    }

    @Override
    ByteString next() {
      AnswerStream stream = AnswerStream.this;
      for (Event event = stream.read(); event != null; event = stream.read()) {
        if (event instanceof Event.Chunk chunk) {
          if (part < 0 && !chunk.thought()) {
            part = chunk.part();
          }
          if (part == chunk.part()) {
            return chunk.data();
          }
        } else if (event instanceof Event.PartDone done && done.index() == part) {
          Image image = done.part().image();
          if (image == null || image.thought()) {
            close();
            throw draft();
          }
        }
      }
      if (part < 0) {
        throw answer().noPicture();
      }
      return null;
    }

    private ImagewireException draft() {
      String message =
          "what was written is a draft of the model's thinking, or no picture: read the stream's"
              + " events, or getCompletion of the answer "
              + answer().id();
      return Failure.plain("NO_PICTURE", "DRAFT", message, answer().requestId()).exception();
    }

    @Override
    void end() {
      AnswerStream.this.close();
    }
  }
}
