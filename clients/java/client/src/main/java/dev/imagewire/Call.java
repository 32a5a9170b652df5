package dev.imagewire;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/** One call and its attempts. It has one id in the logs of both sides. */
final class Call implements AutoCloseable {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(8);
  // How often at most a call is repeated where it costs nothing and brought nothing new.
  private static final int MOST_FREE = 8;
  // How long a call that could not be sent is made again and again: a server may be starting anew.
  private static final long UNTIL_SENT = TimeUnit.SECONDS.toNanos(2);
  private static final Duration BETWEEN_SENT = Duration.ofMillis(200);
  // When a server asks for a longer wait than this, the caller gets the error.
  private static final Duration MOST_PATIENCE = Duration.ofSeconds(60);

  // Nanoseconds have no room for more than 292 years, and gRPC for more than 100.
  private static final Duration LONGEST = Duration.ofDays(36_500);

  private static final Cleaner ABANDONED = Cleaner.create();
  private static final Metadata.Key<String> REQUEST_ID = key("x-request-id");
  private static final Metadata.Key<String> AUTHORIZATION = key("authorization");

  /** A UUID for this call alone, and the id of the logs: the caller's, if the metadata have one. */
  final String id;

  final String logId;

  /** Whether it may be charged. */
  final boolean draws;

  final Context.CancellableContext context;
  private final Client client;
  private final Deadline deadline;
  private final Metadata sent = new Metadata();
  private final int retries;
  private volatile boolean reached; // whether an attempt may have reached the server
  private int made;
  private long unsentSince;

  /** parent: what ends the call early. timeout: zero for no limit. */
  Call(Client client, Context parent, Duration timeout, boolean draws, int retries) {
    this.client = client;
    this.context = parent.withCancellation();
    this.draws = draws;
    this.retries = retries;
    Duration limit = timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout;
    this.deadline = limit.isZero() ? null : Deadline.after(limit.toNanos(), TimeUnit.NANOSECONDS);
    this.id = UUID.randomUUID().toString();
    sent.merge(client.settings.metadata);
    String given = sent.get(REQUEST_ID);
    this.logId = given == null ? id : given;
    if (given == null) {
      sent.put(REQUEST_ID, id);
    }
    if (!client.settings.apiKey.isEmpty() && !sent.containsKey(AUTHORIZATION)) {
      sent.put(AUTHORIZATION, "Bearer " + client.settings.apiKey);
    }
  }

  // A part of another call, which draws nothing.
  private Call(Call whole) {
    client = whole.client;
    context = whole.context;
    deadline = whole.deadline;
    retries = whole.retries;
    id = whole.id;
    logId = whole.logId;
    draws = false;
    reached = whole.reached;
    sent.merge(whole.sent);
  }

  static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  /** A part of this call that draws nothing, with the same time. */
  Call free() {
    return new Call(this);
  }

  /** Whether anything of it may have reached the server. */
  boolean reached() {
    return reached;
  }

  String target() {
    return client.target();
  }

  /** Ends the call also where its reader is no longer held by anybody, and was not closed. */
  void endWith(Object reader) {
    ABANDONED.register(reader, this::close);
  }

  /** Ends the call, wherever it is. */
  @Override
  public void close() {
    context.cancel(null);
  }

  /** The next attempt is the first again: the last one brought something. */
  void progressed() {
    made = 0;
  }

  <T> T within(Supplier<T> made) {
    Context before = context.attach();
    try {
      return made.get();
    } finally {
      context.detach(before);
    }
  }

  /** One attempt: it sends the metadata, and knows what became of the request. */
  final class Attempt implements ClientInterceptor {
    private volatile boolean reached;
    private volatile Metadata headers = new Metadata();

    /** Calls of this channel belong to the attempt. */
    Channel channel() {
      return ClientInterceptors.intercept(client.channel, this);
    }

    /** What the server's headers say, or "". */
    String header(String name) {
      String said = headers.get(key(name));
      return said == null ? "" : said;
    }

    Failure failure(StatusRuntimeException failed) {
      return Failure.of(failed, reached, Call.this);
    }

    @Override
    public <A, R> ClientCall<A, R> interceptCall(
        MethodDescriptor<A, R> method, CallOptions options, Channel next) {
      var tracer =
          new ClientStreamTracer.Factory() {
            @Override
            public ClientStreamTracer newClientStreamTracer(
                ClientStreamTracer.StreamInfo info, Metadata all) {
              return new ClientStreamTracer() {
                @Override
                public void streamCreated(Attributes transport, Metadata all) {
                  Call.this.reached = true; // from here on, it may be on its way
                }

                @Override
                public void outboundHeaders() {
                  reached = true;
                }
              };
            }
          };
      var call =
          next.newCall(method, options.withDeadline(deadline).withStreamTracerFactory(tracer));
      return new SimpleForwardingClientCall<>(call) {
        @Override
        public void start(Listener<R> listener, Metadata own) {
          own.merge(sent);
          super.start(
              new SimpleForwardingClientCallListener<>(listener) {
                @Override
                public void onHeaders(Metadata said) {
                  headers = said;
                  super.onHeaders(said);
                }
              },
              own);
        }
      };
    }
  }

  /** Makes a unary call, and repeats it where that is free: see {@link #repeated}. */
  <A, R> R unary(MethodDescriptor<A, R> method, A asked, boolean free) {
    return repeated(
        free,
        attempt ->
            ClientCalls.blockingUnaryCall(attempt.channel(), method, CallOptions.DEFAULT, asked));
  }

  /** free: whether a repeat costs nothing, also where the connection broke. */
  <R> R repeated(boolean free, Function<Attempt, R> once) {
    while (true) {
      var attempt = new Attempt();
      try {
        return within(() -> once.apply(attempt));
      } catch (StatusRuntimeException e) {
        Failure failed = attempt.failure(e);
        Duration pause = pause(failed, false, free && failed.broke());
        if (pause == null) {
          throw failed.exception();
        }
        sleep(pause);
      }
    }
  }

  /**
   * How long to wait before the next attempt; null if there is none.
   *
   * @param begun whether the answer had begun, so that the call cannot be made again
   * @param free whether the next attempt costs nothing, whatever the failure says
   */
  Duration pause(Failure failed, boolean begun, boolean free) {
    if (ended() || failed.own() == Failure.Own.CLOSED || failed.forbidden()) {
      return null;
    }
    if (failed.unsent() && retries > 0) {
      if (unsentSince == 0) {
        unsentSince = System.nanoTime();
      }
      boolean late = System.nanoTime() - unsentSince >= UNTIL_SENT;
      return late || !hasTime(BETWEEN_SENT) ? null : BETWEEN_SENT;
    }
    unsentSince = 0;
    int most = free && retries > 0 ? MOST_FREE : retries;
    if (!free && (begun || !failed.retryable()) || made >= most) {
      return null;
    }
    long growing = Math.min(FIRST_PAUSE.toMillis() << made, LONGEST_PAUSE.toMillis());
    Duration wait =
        Duration.ofMillis(growing / 2 + ThreadLocalRandom.current().nextLong(growing / 2));
    if (failed.pushback() != null || failed.retryAfter().compareTo(wait) > 0) {
      wait = failed.retryAfter();
    }
    if (wait.compareTo(MOST_PATIENCE) > 0 || !hasTime(wait)) {
      return null;
    }
    made++;
    return wait;
  }

  /** Whether the caller has ended the call, or its time is over. */
  boolean ended() {
    return context.isCancelled()
        || Thread.currentThread().isInterrupted()
        || !hasTime(Duration.ZERO);
  }

  private boolean hasTime(Duration wait) {
    long due = wait.toNanos();
    Deadline outer = context.getDeadline();
    return (deadline == null || deadline.timeRemaining(TimeUnit.NANOSECONDS) > due)
        && (outer == null || outer.timeRemaining(TimeUnit.NANOSECONDS) > due);
  }

  /** Waits, or until the call has ended. */
  void sleep(Duration pause) {
    var ended = new CountDownLatch(1);
    Context.CancellationListener listener = cancelled -> ended.countDown();
    context.addListener(listener, Runnable::run);
    try {
      if (!ended.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      context.removeListener(listener);
    }
    Status status =
        context.isCancelled() ? Contexts.statusFromCancelled(context) : Status.CANCELLED;
    throw Failure.of(status.asRuntimeException(), false, this).exception();
  }
}
