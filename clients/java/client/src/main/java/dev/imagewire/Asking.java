package dev.imagewire;

import com.google.protobuf.ByteString;
import dev.imagewire.v1.ChatServiceGrpc;
import dev.imagewire.v1.CreateCompletionRequest;
import dev.imagewire.v1.ResumeCompletionRequest;
import dev.imagewire.v1.ResumeCompletionResponse;
import dev.imagewire.v1.StreamCompletionRequest;
import dev.imagewire.v1.StreamCompletionResponse;
import io.grpc.CallOptions;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * One answer that is asked for: drawn once, and read to its end over any connections.
 *
 * <p>Each drawing has a request_id, so that its request can be sent again where the connection
 * broke: a server that keeps answers joins what it draws already, and one that keeps none refuses
 * the id before it draws. An answer that has begun is resumed behind the last byte that came.
 */
final class Asking {
  // Asked for where a connection did not last for one frame of the usual size.
  private static final int SMALL_FRAME = 16 << 10;
  // How long the end of a call is waited for whose answer is whole.
  private static final long LONGEST_END_S = 2;

  final Call call;
  final Verifier verifier;
  private final Client client;
  private final StreamCompletionRequest.Builder stream;
  private ResumeCompletionRequest resume;
  private final Named named;
  private final boolean ownId;
  private String requestId;

  private AnswerStream.Position reached = new AnswerStream.Position(0, 0);
  private Failure broken; // why the connection broke, the first time
  private Call.Attempt attempt;
  private Iterator<StreamCompletionResponse> messages; // of the attempt that runs
  private final CompletableFuture<Void> end = new CompletableFuture<>();
  private final Queue<StreamCompletionResponse> pending = new ArrayDeque<>();

  /** Draws. stream: what the request has beside its spec and its id; null for a unary call. */
  Asking(Client client, Call call, Request request, StreamCompletionRequest.Builder stream) {
    this.client = client;
    this.call = call;
    this.stream = stream;
    boolean keeps = !client.keepOff;
    ownId = request.requestId.isEmpty();
    requestId = ownId && keeps ? call.id : request.requestId;
    named = new Named(request.spec(), keeps);
    verifier = new Verifier(0, 0);
  }

  /** Reads a kept answer. */
  Asking(Client client, Call call, ResumeCompletionRequest resume) {
    this.client = client;
    this.call = call;
    this.stream = null;
    this.resume = resume;
    ownId = false;
    requestId = "";
    named = null;
    verifier = new Verifier(resume.getAfterSequence(), resume.getOffset());
  }

  /** The next event, checked; null after the last one. Where the connection breaks, it goes on. */
  StreamCompletionResponse next() {
    while (pending.isEmpty()) {
      if (!receive()) {
        end.cancel(false);
        return null;
      }
    }
    StreamCompletionResponse event = pending.remove();
    verifier.check(event);
    if (event.hasFinished()) {
      end.completeOnTimeout(null, LONGEST_END_S, TimeUnit.SECONDS).thenRun(call::close);
    }
    return event;
  }

  // Gets the next message, in the attempt that runs or in the next one; false at the end.
  private boolean receive() {
    try {
      if (messages == null) {
        upload();
        attempt = call.new Attempt();
        messages = call.within(this::begin);
      }
      if (!messages.hasNext()) {
        verifier.close();
        return false;
      }
      StreamCompletionResponse message = messages.next();
      pending.add(message);
      pending.addAll(message.getMoreList());
    } catch (StatusRuntimeException e) {
      messages = null;
      Duration pause = pause(attempt.failure(e));
      if (pause == null) {
        return false;
      }
      call.sleep(pause);
    }
    return true;
  }

  private Iterator<StreamCompletionResponse> begin() {
    if (resume == null) {
      return ClientCalls.blockingServerStreamingCall(
          attempt.channel(),
          ChatServiceGrpc.getStreamCompletionMethod(),
          CallOptions.DEFAULT,
          stream.setSpec(named.spec()).setRequestId(requestId).build());
    }
    Iterator<ResumeCompletionResponse> said =
        ClientCalls.blockingServerStreamingCall(
            attempt.channel(),
            ChatServiceGrpc.getResumeCompletionMethod(),
            CallOptions.DEFAULT,
            resume);
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return said.hasNext();
      }

      @Override
      public StreamCompletionResponse next() {
        return said.next().getEvent();
      }
    };
  }

  /** Asks for the whole answer in one message, and fetches the pictures that came by their ids. */
  Answer create(CreateCompletionRequest.Builder unary) {
    while (true) {
      upload();
      attempt = call.new Attempt();
      try {
        var said =
            call.within(
                () ->
                    ClientCalls.blockingUnaryCall(
                        attempt.channel(),
                        ChatServiceGrpc.getCreateCompletionMethod(),
                        CallOptions.DEFAULT,
                        unary.setSpec(named.spec()).setRequestId(requestId).build()));
        var answer = new Answer(call.logId);
        Fold.whole(answer, said, this::fetch);
        return answer;
      } catch (StatusRuntimeException e) {
        call.sleep(pause(attempt.failure(e)));
      }
    }
  }

  // Gets a picture of an answer that is drawn.
  private ByteString fetch(String id) {
    try {
      byte[] data = client.store.fetch(call.free(), id).data();
      return data == null ? ByteString.EMPTY : Image.wrapped(data);
    } catch (ImagewireException e) {
      throw e.failure().drawn("; the picture is drawn" + atNoCost()).exception();
    }
  }

  // How to get an answer that was drawn.
  private String atNoCost() {
    return requestId.isEmpty()
        ? ""
        : "; while the server keeps the answer, getCompletion(Kept.byRequestId(\""
            + requestId
            + "\")) gets it at no cost";
  }

  // Gets the server the pictures that the next attempt needs.
  private void upload() {
    if (named == null || resume != null) {
      return;
    }
    for (Named.Picture picture : named.due()) {
      try {
        client.store.upload(call.free(), picture.data, picture.mimeType);
        picture.uploaded = true;
      } catch (ImagewireException e) {
        if (e.reason().equals("KEEP_OFF")) {
          client.keepOff = true;
          withoutStore();
          return;
        } else if (e.code().equals("INVALID_ARGUMENT")
            || e.code().equals("UNIMPLEMENTED")
            || e.reason().equals("STORE_UNAVAILABLE")) {
          picture.inline = true; // it is sent with the request, where that may do
        } else {
          throw broken == null ? e : broken.exception();
        }
      }
    }
  }

  // How long to wait before the next attempt; null where all had come. Throws what failed if there
  // is none.
  private Duration pause(Failure failed) {
    if (verifier.finished()) {
      return null; // whatever follows the last event, all has come
    }
    if (changed(failed)) {
      return Duration.ZERO;
    }
    boolean free = failed.broke() && goOn(failed);
    Duration pause = call.pause(failed, verifier.begun() && resume == null, free);
    if (pause != null) {
      return pause;
    }
    boolean tooLarge = failed.own() != null || failed.reason().equals("ANSWER_TOO_LARGE");
    if (failed.code().equals("RESOURCE_EXHAUSTED") && tooLarge) {
      failed = failed.drawn(atNoCost());
    }
    // What was sent before the connection broke may have been drawn, whatever became of the
    // attempts since.
    boolean saysNothing = failed.reason().isEmpty() || lacksStore(failed);
    Failure told = broken != null && saysNothing && !call.ended() ? broken : failed;
    throw (broken != null && call.draws ? told.charged() : told).exception();
  }

  // A server without a store says nothing about what another one may have drawn.
  private static boolean lacksStore(Failure failed) {
    return failed.reason().equals("KEEP_OFF") || failed.reason().equals("STORE_UNAVAILABLE");
  }

  // Changes the request to what the server takes, if that can be done.
  private boolean changed(Failure failed) {
    if (resume != null) {
      return false;
    } else if (lacksStore(failed)) {
      if (!ownId || requestId.isEmpty() || broken != null) {
        return false;
      }
      client.keepOff |= failed.reason().equals("KEEP_OFF");
      withoutStore();
      return true;
    }
    return failed.reason().equals("IMAGE_NOT_FOUND")
        && named.lacks(failed.metadata().getOrDefault("missing", ""));
  }

  // Sends all of it with the request. An id of the caller's own stays, for the server to refuse.
  private void withoutStore() {
    named.putBack();
    if (ownId) {
      requestId = "";
    }
  }

  // The connection broke. Whether the next attempt goes on, with nothing drawn anew.
  private boolean goOn(Failure failed) {
    if (broken == null) {
      broken = failed;
    }
    if (stream == null && resume == null) {
      return !requestId.isEmpty();
    }
    AnswerStream.Position position = verifier.position();
    int frame = resume == null ? stream.getMaxFrameBytes() : resume.getMaxFrameBytes();
    if (position.compareTo(reached) > 0) {
      reached = position;
      call.progressed();
    } else if (verifier.begun()) {
      frame = SMALL_FRAME;
    }
    if (resume == null) {
      if (!verifier.begun()) {
        return !requestId.isEmpty();
      } else if (!verifier.kept()) {
        return false;
      }
    }
    var next = resume == null ? ResumeCompletionRequest.newBuilder() : resume.toBuilder();
    if (resume == null && requestId.isEmpty()) {
      next.setCompletionId(verifier.completionId());
    } else if (resume == null) {
      // By the request_id, where there is one: it knows of the answer cache.
      next.setRequestId(requestId);
    }
    resume =
        next.setAfterSequence(position.sequence())
            .setOffset(position.offset())
            .setMaxFrameBytes(frame)
            .build();
    return true;
  }
}
