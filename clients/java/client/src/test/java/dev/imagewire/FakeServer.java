package dev.imagewire;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Timestamp;
import dev.imagewire.v1.CandidateFinished;
import dev.imagewire.v1.ChatServiceGrpc.ChatServiceImplBase;
import dev.imagewire.v1.FinishReason;
import dev.imagewire.v1.Finished;
import dev.imagewire.v1.Heartbeat;
import dev.imagewire.v1.ImageChunk;
import dev.imagewire.v1.PartFinished;
import dev.imagewire.v1.PartKind;
import dev.imagewire.v1.PartStarted;
import dev.imagewire.v1.ResumeCompletionRequest;
import dev.imagewire.v1.ResumeCompletionResponse;
import dev.imagewire.v1.Started;
import dev.imagewire.v1.StreamCompletionRequest;
import dev.imagewire.v1.StreamCompletionResponse;
import dev.imagewire.v1.TextDelta;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** A server that does what no real one would: each call takes the next script, or the last one. */
final class FakeServer extends ChatServiceImplBase implements ServerInterceptor, AutoCloseable {
  /** What a call does: it sends events, and ends as it should by returning, else by throwing. */
  interface Script {
    void run(Call call) throws Exception;
  }

  static final byte[] PICTURE = picture();

  /** How gRPC ends a call whose connection is lost. */
  static final Status LOST = Status.UNAVAILABLE.withDescription("Network closed");

  final List<MessageLite> asked = new CopyOnWriteArrayList<>();
  final List<Metadata> sent = new CopyOnWriteArrayList<>();
  final CountDownLatch cancelled = new CountDownLatch(1);
  private final List<Script> scripts;
  private final Server server;

  FakeServer(Script... scripts) throws IOException {
    this(0, scripts);
  }

  FakeServer(int port, Script... scripts) throws IOException {
    this(port, InsecureServerCredentials.create(), scripts);
  }

  FakeServer(int port, ServerCredentials credentials, Script... scripts) throws IOException {
    this.scripts = new ArrayList<>(Arrays.asList(scripts));
    server =
        Grpc.newServerBuilderForPort(port, credentials)
            .addService(this)
            .intercept(this)
            .build()
            .start();
  }

  int port() {
    return server.getPort();
  }

  Client client() {
    return Client.create("127.0.0.1:" + port());
  }

  /** Takes no new calls, and ends when those that run have ended. */
  void goAway() {
    server.shutdown();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  @Override
  public <A, R> ServerCall.Listener<A> interceptCall(
      ServerCall<A, R> call, Metadata headers, ServerCallHandler<A, R> next) {
    sent.add(headers);
    return next.startCall(call, headers);
  }

  @Override
  public void streamCompletion(
      StreamCompletionRequest request, StreamObserver<StreamCompletionResponse> out) {
    start(request, new Call(request, (ServerCallStreamObserver<?>) out, out::onNext));
  }

  @Override
  public void resumeCompletion(
      ResumeCompletionRequest request, StreamObserver<ResumeCompletionResponse> out) {
    start(
        request,
        new Call(
            request,
            (ServerCallStreamObserver<?>) out,
            event -> out.onNext(ResumeCompletionResponse.newBuilder().setEvent(event).build())));
  }

  private synchronized void start(MessageLite request, Call call) {
    asked.add(request);
    Script script = scripts.size() > 1 ? scripts.remove(0) : scripts.get(0);
    var thread = new Thread(() -> call.run(script), "script");
    thread.setDaemon(true);
    thread.start();
  }

  /** One call of the client's. */
  final class Call {
    final MessageLite request;
    private final ServerCallStreamObserver<?> out;
    private final java.util.function.Consumer<StreamCompletionResponse> next;

    private Call(
        MessageLite request,
        ServerCallStreamObserver<?> out,
        java.util.function.Consumer<StreamCompletionResponse> next) {
      this.request = request;
      this.out = out;
      this.next = next;
      out.setOnReadyHandler(this::wake);
      out.setOnCancelHandler(
          () -> {
            cancelled.countDown();
            wake();
          });
    }

    private synchronized void wake() {
      notifyAll();
    }

    /** Sends an event as soon as the client takes more. */
    synchronized void send(StreamCompletionResponse event) throws InterruptedException {
      while (!out.isReady() && !out.isCancelled()) {
        wait();
      }
      if (!out.isCancelled()) {
        next.accept(event);
      }
    }

    void send(List<StreamCompletionResponse> events) throws InterruptedException {
      for (StreamCompletionResponse event : events) {
        send(event);
      }
    }

    /** Waits until the client has ended the call. */
    void untilCancelled() throws InterruptedException {
      cancelled.await();
    }

    private void run(Script script) {
      try {
        script.run(this);
        if (!out.isCancelled()) {
          out.onCompleted();
        }
      } catch (StatusRuntimeException e) {
        out.onError(e);
      } catch (Exception e) {
        out.onError(Status.INTERNAL.withCause(e).asRuntimeException());
      }
    }
  }

  private static byte[] picture() {
    var made = new byte[100_000];
    for (int i = 0; i < made.length; i++) {
      made[i] = (byte) (i * i);
    }
    return made;
  }

  static StreamCompletionResponse.Builder event(long sequence) {
    return StreamCompletionResponse.newBuilder().setSequence(sequence);
  }

  static StreamCompletionResponse chunk(long sequence, int part, long offset, ByteString data) {
    var made = ImageChunk.newBuilder().setPartIndex(part).setOffset(offset).setData(data);
    return event(sequence).setImageChunk(made).build();
  }

  static StreamCompletionResponse finished(long sequence, int part, long size, ByteString sum) {
    var image =
        dev.imagewire.v1.Image.newBuilder()
            .setMimeType("image/png")
            .setSizeBytes(size)
            .setSha256(sum)
            .setImageId("img-1");
    var made =
        PartFinished.newBuilder()
            .setPartIndex(part)
            .setImage(image)
            .setThoughtSignature(ByteString.copyFromUtf8("proof"));
    return event(sequence).setPartFinished(made).build();
  }

  /** The events of an answer with one text and one picture, in two chunks. */
  static List<StreamCompletionResponse> events() {
    ByteString data = ByteString.copyFrom(PICTURE);
    var started =
        Started.newBuilder()
            .setCompletionId("cmpl-1")
            .setModel("m")
            .setExpireTime(Timestamp.newBuilder().setSeconds(4_000_000_000L));
    var text = PartStarted.newBuilder().setKind(PartKind.PART_KIND_TEXT);
    var image = PartStarted.newBuilder().setPartIndex(1).setKind(PartKind.PART_KIND_IMAGE);
    var end =
        CandidateFinished.newBuilder()
            .setFinishReason(FinishReason.FINISH_REASON_STOP)
            .setNativeFinishReason("STOP");
    return List.of(
        event(1).setStarted(started).build(),
        event(2).setPartStarted(text).build(),
        event(3).setTextDelta(TextDelta.newBuilder().setText("Here ")).build(),
        event(4).setTextDelta(TextDelta.newBuilder().setText("it is")).build(),
        event(5).setPartFinished(PartFinished.getDefaultInstance()).build(),
        event(6).setPartStarted(image).build(),
        chunk(6, 1, 0, data.substring(0, 50_000)),
        event(6).setHeartbeat(Heartbeat.getDefaultInstance()).build(),
        chunk(6, 1, 50_000, data.substring(50_000)),
        finished(7, 1, data.size(), Verifier.sha256(data)),
        event(8).setCandidateFinished(end).build(),
        event(9).setFinished(Finished.newBuilder().setModelVersion("m-1")).build());
  }

  static final Script ANSWERS = call -> call.send(events());

  /** Sends what follows what the reader has. */
  static final Script GOES_ON =
      call -> {
        var request = (ResumeCompletionRequest) call.request;
        for (StreamCompletionResponse event : events()) {
          boolean behind =
              event.getSequence() > request.getAfterSequence()
                  || event.getSequence() == request.getAfterSequence()
                      && event.hasImageChunk()
                      && event.getImageChunk().getOffset() >= request.getOffset();
          if (behind) {
            call.send(event);
          }
        }
      };
}
