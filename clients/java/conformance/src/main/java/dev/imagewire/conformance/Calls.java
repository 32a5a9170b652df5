package dev.imagewire.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.protobuf.util.JsonFormat;
import dev.imagewire.Answer;
import dev.imagewire.AnswerStream;
import dev.imagewire.Chat;
import dev.imagewire.Client;
import dev.imagewire.Event;
import dev.imagewire.Image;
import dev.imagewire.ImagewireException;
import dev.imagewire.Kept;
import dev.imagewire.Options;
import dev.imagewire.v1.OnDisconnect;
import dev.imagewire.v1.Spec;
import io.grpc.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The calls of one case. */
final class Calls {
  private final Client client;
  private final Map<List<Integer>, byte[]> bytes = new HashMap<>(); // by step and part
  private final Map<String, Chat> chats = new HashMap<>();

  Calls(Client client) {
    this.client = client;
  }

  JsonObject call(Step step, int index, Context.CancellableContext context) throws Exception {
    var kept = new Kept(step.completion_id, step.request_id, 0, 0);
    var made = new JsonObject();
    switch (step.call) {
      case "draw" -> {
        Image image = client.draw(step.prompt, options(step));
        bytes.put(List.of(index, 0), image.data());
        var parts = new JsonArray();
        parts.add(Form.of(image));
        made.add("parts", parts);
      }
      case "stream" -> {
        return read(client.stream(step.prompt, options(step)), step, index, context);
      }
      case "create" -> {
        return answer(client.createCompletion(step.prompt, options(step)), index);
      }
      case "write" -> {
        MessageDigest hash = MessageDigest.getInstance("SHA-256");
        try (var stream = client.stream(step.prompt, options(step));
            var out = new DigestOutputStream(OutputStream.nullOutputStream(), hash)) {
          made.addProperty("size_bytes", stream.transferTo(out));
        }
        made.addProperty("sha256", HexFormat.of().formatHex(hash.digest()));
      }
      case "chat" -> {
        return chat(step, index);
      }
      case "resume" -> {
        return read(client.resume(kept), step, index, context);
      }
      case "get" -> {
        return answer(client.getCompletion(kept), index);
      }
      case "upload" -> made.add("image", Form.of(client.upload(images(step)[0])));
      case "download" -> made.add("image", Form.of(client.download(step.image_id)));
      case "delete" -> client.deleteImage(step.image_id);
      case "list_models" -> {
        var models = new JsonObject();
        client.listModels().forEach(model -> models.add(model.getName(), Form.of(model)));
        made.add("models", models);
      }
      case "get_model" -> made.add("model", Form.of(client.getModel(step.model)));
      case "ping" -> {
        var pong = client.ping();
        made.addProperty("status", pong.status());
        made.addProperty("version", pong.version());
      }
      default -> throw new IllegalArgumentException("the call " + step.call + " is unknown");
    }
    return made;
  }

  private Options options(Step step) throws IOException {
    Options made = perCall(step).maxFrameBytes(step.max_frame_bytes);
    made = made.maxInlineBytes(step.max_inline_bytes).and(perChat(step));
    return switch (step.on_disconnect) {
      case "keep" -> made.onDisconnect(OnDisconnect.ON_DISCONNECT_KEEP);
      case "cancel" -> made.onDisconnect(OnDisconnect.ON_DISCONNECT_CANCEL);
      default -> made;
    };
  }

  private Options perCall(Step step) {
    Options made = new Options().images(images(step));
    if (step.request_id != null) {
      made = made.requestId(step.request_id);
    }
    return step.cache_ttl_ms == null ? made : made.cacheTtl(Duration.ofMillis(step.cache_ttl_ms));
  }

  private static Options perChat(Step step) throws IOException {
    Options made = step.model.isEmpty() ? new Options() : new Options().model(step.model);
    if (step.spec == null) {
      return made;
    }
    var spec = Spec.newBuilder();
    JsonFormat.parser().merge(step.spec.toString(), spec);
    return made.spec(spec.build());
  }

  private Image[] images(Step step) {
    return step.images.stream().map(this::image).toArray(Image[]::new);
  }

  private Image image(Step.Picture given) {
    if (given.step != null) {
      return Image.of(bytes.get(List.of(given.step, given.part)));
    } else if (given.data != null) {
      return Image.of(Base64.getDecoder().decode(given.data));
    }
    return given.uri == null ? Image.byId(given.image_id) : Image.byUri(given.uri, "");
  }

  private JsonObject chat(Step step, int index) throws IOException {
    Chat chat = chats.get(step.chat);
    if (chat == null) {
      chat =
          step.load.isEmpty()
              ? client.chat(perChat(step))
              : client.chatFromJson(Files.readString(Path.of(step.load)));
      chats.put(step.chat, chat);
    }
    JsonObject said = answer(chat.send(step.prompt, perCall(step)), index);
    if (!step.save.isEmpty()) {
      Files.writeString(Path.of(step.save), chat.toJson());
    }
    return said;
  }

  private JsonObject read(
      AnswerStream stream, Step step, int index, Context.CancellableContext context)
      throws IOException {
    int most = step.cancel_after_bytes;
    long size = 0;
    try (stream) {
      for (Event event : stream) {
        if (event instanceof Event.Chunk chunk) {
          size += chunk.data().size();
          if (most > 0 && size >= most) {
            context.cancel(null);
          }
        }
      }
      return answer(stream.answer(), index);
    } catch (ImagewireException.Cancelled e) {
      if (most == 0 || size < most) {
        throw e;
      }
      var made = new JsonObject();
      made.addProperty("cancelled", true);
      return made;
    }
  }

  private JsonObject answer(Answer answer, int index) throws IOException {
    for (int part = 0; part < answer.parts().size(); part++) {
      Image image = answer.parts().get(part).image();
      if (image != null) {
        bytes.put(List.of(index, part), image.data());
      }
    }
    return Form.of(answer);
  }
}
