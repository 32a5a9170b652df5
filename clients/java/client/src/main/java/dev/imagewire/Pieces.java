package dev.imagewire;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;

/** Bytes that come in pieces, which are never copied together. */
abstract class Pieces extends InputStream {
  private ByteString piece = ByteString.EMPTY;
  private int at;
  private ImagewireException failed;
  private volatile boolean closed;

  /** The next bytes; null at the end, when all have been checked. */
  abstract ByteString next();

  /** Ends the call. */
  abstract void end();

  /** Ends the call: nothing can be read any more. */
  @Override
  public final void close() {
    closed = true;
    end();
  }

  // Whether there is a byte at `at`.
  private boolean more() throws IOException {
    if (closed) {
      throw new IOException("the picture's stream is closed");
    }
    while (piece != null && at == piece.size()) {
      try {
        if (failed == null) {
          piece = next();
          at = 0;
        }
      } catch (ImagewireException e) {
        failed = e;
      }
      if (failed != null) {
        throw new IOException(failed.getMessage(), failed);
      }
    }
    return piece != null;
  }

  @Override
  public int read() throws IOException {
    return more() ? piece.byteAt(at++) & 0xff : -1;
  }

  @Override
  public int read(byte[] into, int offset, int most) throws IOException {
    Objects.checkFromIndexSize(offset, most, into.length);
    if (most == 0) {
      return 0;
    } else if (!more()) {
      return -1;
    }
    int size = Math.min(most, piece.size() - at);
    piece.substring(at, at + size).copyTo(into, offset);
    at += size;
    return size;
  }

  @Override
  public long transferTo(OutputStream out) throws IOException {
    Objects.requireNonNull(out, "out");
    long written = 0;
    while (more()) {
      ByteString rest = piece.substring(at);
      at = piece.size();
      rest.writeTo(out);
      written += rest.size();
    }
    return written;
  }
}
