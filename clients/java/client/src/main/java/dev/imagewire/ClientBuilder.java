package dev.imagewire;

import static java.util.Objects.requireNonNull;

import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;

/** The options of a {@link Client}; {@link Client#builder} makes one. */
public final class ClientBuilder {
  // Below this, the text, ids and signatures beside the pictures may not fit.
  private static final int LEAST_MESSAGE = 128 << 10;
  private static final int LEAST_INLINE = 64 << 10;
  // What a server sends in one message unless it is asked for less.
  private static final int USUAL_FRAME = 256 << 10;

  final Metadata metadata = new Metadata();
  final List<ClientInterceptor> interceptors = new ArrayList<>();
  String target = "";
  String apiKey = Objects.requireNonNullElse(System.getenv("IMAGEWIRE_API_KEY"), "");
  Tls tls;
  Duration timeout = Duration.ofMinutes(10);
  int retries = 2;
  int maxMessageBytes = 64 << 20;
  Executor executor;

  ClientBuilder() {}

  /**
   * The server: "host:port", "https://host[:port]" for TLS, "http://host[:port]", "unix:/path" or
   * "dns:///host:port". Default: the environment variable IMAGEWIRE_TARGET, else 127.0.0.1:50051.
   */
  public ClientBuilder target(String address) {
    target = address;
    return this;
  }

  /** The key that the server asks for. Default: the environment variable IMAGEWIRE_API_KEY. */
  public ClientBuilder apiKey(String key) {
    apiKey = requireNonNull(key, "key");
    return this;
  }

  /** Connects by TLS with these files, whatever the target's form. */
  public ClientBuilder tls(Tls files) {
    tls = files;
    return this;
  }

  /**
   * The time for a call whose {@link io.grpc.Context} has no earlier deadline, all its attempts
   * together; zero for no limit. Default: 10 minutes.
   */
  public ClientBuilder timeout(Duration limit) {
    timeout = requireNonNull(limit, "limit");
    return this;
  }

  /**
   * How often a call is repeated at most if the server said that nothing can have been charged.
   * Default: 2. With 0, a call whose connection broke is not sent again either.
   */
  public ClientBuilder retries(int most) {
    retries = most;
    return this;
  }

  /**
   * The most bytes of one message that is received: 128 KiB or more. Default: 64 MiB. Pictures of
   * streams come in frames, and may be larger.
   */
  public ClientBuilder maxMessageBytes(int most) {
    maxMessageBytes = most;
    return this;
  }

  /**
   * Is sent with every call. "x-request-id" is the id of every call in the server's log.
   *
   * @throws ImagewireException.InvalidRequest for a value that no header can have
   */
  public ClientBuilder metadata(Metadata headers) {
    Checks.headers(requireNonNull(headers, "headers"));
    metadata.merge(headers);
    return this;
  }

  /** Sees every attempt of every call, for example gRPC's own for traces. */
  public ClientBuilder intercept(ClientInterceptor interceptor) {
    interceptors.add(requireNonNull(interceptor, "interceptor"));
    return this;
  }

  /**
   * Runs the calls of {@link Client#async} and the publishers of streams, each of which holds a
   * thread while it waits. Default: daemon threads, as many as are needed; on Java 21, {@code
   * Executors.newVirtualThreadPerTaskExecutor()} makes them cheap.
   */
  public ClientBuilder executor(Executor threads) {
    executor = threads;
    return this;
  }

  /**
   * Makes the client. Nothing is sent yet.
   *
   * @throws ImagewireException.InvalidRequest for an option without meaning
   * @throws java.io.UncheckedIOException if a file of {@link #tls} cannot be read
   */
  public Client build() {
    if (timeout.isNegative()) {
      throw Failure.invalid("timeout", "must be 0 (no limit) or more");
    } else if (retries < 0) {
      throw Failure.invalid("retries", "must be at least 0");
    } else if (maxMessageBytes < LEAST_MESSAGE) {
      throw Failure.invalid("maxMessageBytes", "must be at least " + LEAST_MESSAGE);
    } else if (!Checks.isHeader(apiKey)) {
      throw Failure.invalid(
          "apiKey",
          "(else IMAGEWIRE_API_KEY) holds what no key has, such as a line's end: give the key"
              + " alone");
    }
    return new Client(this);
  }

  /** The most bytes of a picture in a message, 0 for the server's default. */
  int frame(int asked) {
    int most = maxMessageBytes / 2;
    if (asked > most) {
      throw Failure.invalid(
          "max_frame_bytes", "must be at most " + most + ", half of maxMessageBytes");
    }
    return asked == 0 && most < USUAL_FRAME ? most : asked;
  }

  /** The most bytes of a unary answer. */
  int inline(int asked) {
    if (asked == 0) {
      return maxMessageBytes - Math.min(1 << 20, maxMessageBytes / 2);
    } else if (asked < LEAST_INLINE) {
      throw Failure.invalid(
          "max_inline_bytes",
          "must be at least " + LEAST_INLINE + ", for what stands beside the pictures");
    }
    return asked;
  }
}
