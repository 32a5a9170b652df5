package dev.imagewire;

import static java.util.Objects.requireNonNull;

import dev.imagewire.v1.ChatMessage;
import dev.imagewire.v1.CreateCompletionRequest;
import dev.imagewire.v1.OnDisconnect;
import dev.imagewire.v1.Role;
import dev.imagewire.v1.Spec;
import dev.imagewire.v1.StreamCompletionRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What one call asks for. */
final class Request {
  private static final Pattern UUID =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  final Spec.Builder own = Spec.newBuilder();
  final List<Image> images = new ArrayList<>();
  Spec base = Spec.getDefaultInstance();
  String model;
  String requestId = "";
  OnDisconnect onDisconnect = OnDisconnect.ON_DISCONNECT_UNSPECIFIED;
  Duration cacheTtl;
  Duration timeout;
  int maxFrameBytes;
  int maxInlineBytes;

  /** The user's message that the prompt and the images make; null without them. */
  final ChatMessage said;

  private final Spec spec;

  /** history: a chat's messages so far. prompt: may be empty. */
  Request(String prompt, Options options, List<ChatMessage> history) {
    Checks.text("prompt", requireNonNull(prompt, "prompt"));
    requireNonNull(options, "options").apply(this);
    if (!requestId.isEmpty()) {
      checkUuid(requestId);
    }
    if (timeout != null && timeout.isNegative()) {
      throw Failure.invalid("timeout", "must be 0 (no limit) or more");
    }
    Spec.Builder made = base.toBuilder().mergeFrom(own.build()).addAllMessages(history);
    String name =
        Stream.of(model, base.getModel(), System.getenv("IMAGEWIRE_MODEL"), Client.DEFAULT_MODEL)
            .filter(each -> each != null && !each.isEmpty())
            .findFirst()
            .orElseThrow();
    said = message(prompt);
    if (said != null) {
      made.addMessages(said);
    }
    spec = made.setModel(name).build();
    Checks.text("", spec);
  }

  private ChatMessage message(String prompt) {
    var made = ChatMessage.newBuilder().setRole(Role.ROLE_USER);
    for (Image image : images) {
      made.addPartsBuilder().setImage(image.proto());
    }
    if (!prompt.isEmpty()) {
      made.addPartsBuilder().setText(prompt);
    }
    return made.getPartsCount() == 0 ? null : made.build();
  }

  static void checkUuid(String id) {
    if (!UUID.matcher(id).matches()) {
      throw Failure.invalid("request_id", "must be a UUID");
    }
  }

  Spec spec() {
    return spec;
  }

  Call call(Client client, io.grpc.Context context) {
    Duration limit = Objects.requireNonNullElse(timeout, client.settings.timeout);
    return new Call(client, context, limit, true, client.settings.retries);
  }

  /** What a stream asks for, without its spec. */
  StreamCompletionRequest.Builder stream(ClientBuilder settings) {
    var made =
        StreamCompletionRequest.newBuilder()
            .setMaxFrameBytes(settings.frame(maxFrameBytes))
            .setBatch(true)
            .setOnDisconnect(onDisconnect);
    return cacheTtl == null ? made : made.setCacheTtl(proto(cacheTtl));
  }

  /** What a unary call asks for, without its spec. */
  CreateCompletionRequest.Builder unary(ClientBuilder settings) {
    var made =
        CreateCompletionRequest.newBuilder()
            .setMaxInlineBytes(settings.inline(maxInlineBytes))
            .setOnDisconnect(onDisconnect);
    return cacheTtl == null ? made : made.setCacheTtl(proto(cacheTtl));
  }

  private static com.google.protobuf.Duration proto(Duration time) {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(time.getSeconds())
        .setNanos(time.getNano())
        .build();
  }
}
