package dev.imagewire;

import static dev.imagewire.Failure.corrupt;
import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;
import dev.imagewire.v1.DownloadImageRequest;
import dev.imagewire.v1.DownloadImageResponse;
import dev.imagewire.v1.ImageData;
import dev.imagewire.v1.ImageServiceGrpc;
import dev.imagewire.v1.UploadImageRequest;
import dev.imagewire.v1.UploadImageResponse;
import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** The pictures on the server. */
final class Store {
  private static final int PIECE = 256 << 10;
  private static final int SMALL_FRAME = 16 << 10;
  private final Client client;

  Store(Client client) {
    this.client = client;
  }

  Image upload(Call call, ByteString data, String mimeType) {
    var first =
        dev.imagewire.v1.Image.newBuilder()
            .setMimeType(mimeType)
            .setSizeBytes(data.size())
            .setSha256(Verifier.sha256(data))
            .build();
    var stored =
        call.repeated(
            true,
            attempt -> {
              var sending = new Sending(first, data);
              ClientCalls.asyncClientStreamingCall(
                  attempt
                      .channel()
                      .newCall(ImageServiceGrpc.getUploadImageMethod(), CallOptions.DEFAULT),
                  sending);
              return sending.await();
            });
    var kept = stored.getImage();
    if (kept.getImageId().isEmpty()
        || kept.getSizeBytes() != data.size()
        || !kept.getSha256().equals(first.getSha256())) {
      throw corrupt("the answer to an upload names no picture, or another one than was sent");
    }
    return Image.of(kept, data, false);
  }

  /** Sends a picture as fast as the server takes it. */
  private static final class Sending
      implements ClientResponseObserver<UploadImageRequest, UploadImageResponse> {
    private final CompletableFuture<UploadImageResponse> answer = new CompletableFuture<>();
    private final dev.imagewire.v1.Image first;
    private final ByteString data;
    private ClientCallStreamObserver<UploadImageRequest> stream;
    private int at = -1;

    Sending(dev.imagewire.v1.Image first, ByteString data) {
      this.first = first;
      this.data = data;
    }

    UploadImageResponse await() {
      try {
        return answer.get();
      } catch (ExecutionException e) {
        throw (StatusRuntimeException) e.getCause();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        stream.cancel("the thread was interrupted", e);
        throw Status.CANCELLED.withCause(e).asRuntimeException();
      }
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<UploadImageRequest> sender) {
      stream = sender;
      sender.setOnReadyHandler(this::send);
    }

    private void send() {
      while (stream.isReady() && at <= data.size()) {
        var next = UploadImageRequest.newBuilder();
        if (at < 0) {
          stream.onNext(next.setImage(first).build());
          at = 0;
        } else if (at == data.size()) {
          stream.onCompleted();
          at++;
        } else {
          int end = Math.min(at + PIECE, data.size());
          var piece = ImageData.newBuilder().setOffset(at).setData(data.substring(at, end));
          stream.onNext(next.setChunk(piece).build());
          at = end;
        }
      }
    }

    @Override
    public void onNext(UploadImageResponse said) {
      answer.complete(said);
    }

    @Override
    public void onError(Throwable failed) {
      answer.completeExceptionally(failed);
    }

    @Override
    public void onCompleted() {
      onError(Status.INTERNAL.withDescription("unexpected EOS: no answer").asRuntimeException());
    }
  }

  static void checkId(String id) {
    if (Checks.text("image_id", requireNonNull(id, "id")).isEmpty()) {
      throw Failure.invalid("image_id", "is empty: give the picture's id");
    }
  }

  /** A picture with its bytes. */
  Image fetch(Call call, String id) {
    var download = new Download(call, id, 0);
    var pieces = new ArrayList<ByteString>(); // grows as they come, whatever was announced
    for (ByteString piece = download.next(); piece != null; piece = download.next()) {
      pieces.add(piece);
      if (download.image.getSizeBytes() > Integer.MAX_VALUE) {
        throw corrupt(
            "a picture of %d bytes was announced: no array has so many",
            download.image.getSizeBytes());
      }
    }
    return download.image(ByteString.copyFrom(pieces));
  }

  /** The bytes of a picture while they come. */
  final class Download extends Pieces {
    private final Call call;
    private final String id;
    private final long offset;
    private final MessageDigest sum = Verifier.sha256();
    private dev.imagewire.v1.Image image = dev.imagewire.v1.Image.getDefaultInstance();
    private Call.Attempt attempt;
    private Iterator<DownloadImageResponse> messages;
    private long position;
    private long reached;
    private int frame;
    private boolean ended;

    Download(Call call, String id, long offset) {
      checkId(id);
      this.call = call;
      this.id = id;
      this.offset = offset;
      position = offset;
      reached = offset;
      frame = client.settings.frame(0);
    }

    /** What is known of the picture. data: its bytes, empty if they are elsewhere. */
    Image image(ByteString data) {
      return Image.of(image.toBuilder().setImageId(id).build(), data, false);
    }

    @Override
    ByteString next() {
      while (!ended) {
        try {
          if (messages == null) {
            attempt = call.new Attempt();
            var asked =
                DownloadImageRequest.newBuilder()
                    .setImageId(id)
                    .setOffset(position)
                    .setMaxFrameBytes(frame)
                    .build();
            messages =
                call.within(
                    () ->
                        ClientCalls.blockingServerStreamingCall(
                            attempt.channel(),
                            ImageServiceGrpc.getDownloadImageMethod(),
                            CallOptions.DEFAULT,
                            asked));
          }
          if (!messages.hasNext()) {
            check();
            break;
          }
          DownloadImageResponse said = messages.next();
          if (said.hasImage()) {
            image = said.getImage();
          } else if (said.hasChunk()) {
            return chunk(said.getChunk());
          }
        } catch (StatusRuntimeException e) {
          messages = null;
          again(attempt.failure(e));
        }
      }
      return null;
    }

    private ByteString chunk(ImageData chunk) {
      if (chunk.getOffset() != position) {
        throw corrupt(
            "a picture's bytes go on at %d where %d was due", chunk.getOffset(), position);
      }
      if (chunk.getData().size() > image.getSizeBytes() - position) {
        call.close(); // whoever reads this may not close it, and the server would go on
        throw corrupt(
            "a picture goes on at byte %d where %d were announced",
            chunk.getOffset() + chunk.getData().size(), image.getSizeBytes());
      }
      position += chunk.getData().size();
      sum.update(chunk.getData().asReadOnlyByteBuffer());
      return chunk.getData();
    }

    private void again(Failure failed) {
      if (position > reached) {
        reached = position;
        call.progressed();
      } else {
        frame = SMALL_FRAME;
      }
      Duration pause = call.pause(failed, false, failed.broke());
      if (pause == null) {
        throw failed.exception();
      }
      call.sleep(pause);
    }

    private void check() {
      ended = true;
      if (position != image.getSizeBytes()) {
        throw corrupt(
            "a picture has %d bytes where %d were announced", position, image.getSizeBytes());
      }
      if (offset == 0 && !ByteString.copyFrom(sum.digest()).equals(image.getSha256())) {
        throw corrupt("a picture was damaged on its way: its sha256 differs");
      }
    }

    @Override
    void end() {
      call.close();
    }
  }
}
