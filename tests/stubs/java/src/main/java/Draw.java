import com.google.protobuf.*;
import com.google.rpc.ErrorInfo;
import dev.imagewire.v1.*;
import io.grpc.*;
import io.grpc.protobuf.StatusProto;
import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.util.*;
import java.util.concurrent.TimeUnit;

/**
 * Draws one 4K picture with plain stubs: {@code Draw TARGET FILE}.
 *
 * <p>Every package is imported whole: no name of the contract's collides with theirs.
 */
public final class Draw {
  private Draw() {}

  /**
   * The picture of one call. It holds all of it in memory; a program that does not want to can write each chunk to its
   * file as it comes.
   */
  static byte[] draw(ChatServiceGrpc.ChatServiceBlockingStub chat, String model) throws GeneralSecurityException {
    Spec spec =
        Spec.newBuilder()
            .setModel(model)
            .addMessages(ChatMessage.newBuilder().setRole(Role.ROLE_USER).setContent("A banana"))
            .setImageConfig(ImageConfig.newBuilder().setImageSize("4K"))
            .build();
    StreamCompletionRequest request = StreamCompletionRequest.newBuilder().setSpec(spec).build();
    Map<Integer, ByteArrayOutputStream> parts = new HashMap<>(); // By part_index: one candidate is asked for.
    byte[] picture = null;
    Iterator<StreamCompletionResponse> events =
        chat.withDeadlineAfter(2, TimeUnit.MINUTES).streamCompletion(request);
    while (events.hasNext()) {
      StreamCompletionResponse event = events.next();
      switch (event.getEventCase()) {
        case IMAGE_CHUNK -> {
          ImageChunk chunk = event.getImageChunk();
          var part = parts.computeIfAbsent(chunk.getPartIndex(), index -> new ByteArrayOutputStream());
          if (chunk.getOffset() != part.size()) {
            throw new IllegalStateException("bytes are missing");
          }
          part.writeBytes(chunk.getData().toByteArray());
        }
        case PART_FINISHED -> {
          // The picture's own account of itself. A thought is a draft, and text has no image.
          PartFinished part = event.getPartFinished();
          if (!part.hasImage() || part.getThought()) {
            continue;
          }
          picture = parts.get(part.getPartIndex()).toByteArray();
          ByteString hash = ByteString.copyFrom(MessageDigest.getInstance("SHA-256").digest(picture));
          if (picture.length != part.getImage().getSizeBytes() || !hash.equals(part.getImage().getSha256())) {
            throw new IllegalStateException("the picture is damaged");
          }
        }
        case FINISHED -> {
          return picture;
        }
        default -> {}
      }
    }
    throw new IllegalStateException("the stream ended without Finished: the answer is not whole");
  }

  /** The ErrorInfo among an error's details. A reason these stubs do not know is unspecified. */
  static ErrorReason reason(StatusRuntimeException error) throws InvalidProtocolBufferException {
    com.google.rpc.Status status = StatusProto.fromThrowable(error); // null where the error has no details
    for (Any detail : status == null ? List.<Any>of() : status.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        ErrorInfo info = detail.unpack(ErrorInfo.class);
        var known = ErrorReason.getDescriptor().findValueByName("ERROR_REASON_" + info.getReason());
        if (info.getDomain().equals("imagewire.dev") && known != null) {
          return ErrorReason.valueOf(known);
        }
      }
    }
    return ErrorReason.ERROR_REASON_UNSPECIFIED;
  }

  public static void main(String[] arguments) throws Exception {
    // Without retries: a call that failed may have been charged, see the trailer grpc-retry-pushback-ms.
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget(arguments[0]).usePlaintext().disableRetry().build();
    var chat = ChatServiceGrpc.newBlockingStub(channel);
    byte[] picture = draw(chat, "gemini/gemini-3-pro-image");
    Files.write(Path.of(arguments[1]), picture);
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(picture);
    System.out.println(picture.length + " bytes, sha256 " + HexFormat.of().formatHex(hash));
    try {
      draw(chat, "gemini/no-such-model");
    } catch (StatusRuntimeException error) {
      if (reason(error) != ErrorReason.ERROR_REASON_MODEL_NOT_FOUND) {
        throw error;
      }
      System.out.println(reason(error));
    }
    channel.shutdown();
  }
}
