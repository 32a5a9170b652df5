package dev.imagewire.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import dev.imagewire.Answer;
import dev.imagewire.Image;
import dev.imagewire.Part;
import dev.imagewire.v1.Model;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What the runner prints. */
final class Form {
  private Form() {}

  private static void file(JsonObject said, byte[] data, String uri) {
    if (data == null) {
      said.addProperty("uri", uri);
    } else {
      said.addProperty("size_bytes", data.length);
      said.addProperty("sha256", sum(data));
    }
  }

  private static String sum(byte[] data) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static JsonElement json(MessageOrBuilder message) throws IOException {
    return JsonParser.parseString(JsonFormat.printer().preservingProtoFieldNames().print(message));
  }

  static JsonObject of(Image image) {
    var said = new JsonObject();
    said.addProperty("kind", "image");
    said.addProperty("mime_type", image.mimeType());
    said.addProperty("width", image.width());
    said.addProperty("height", image.height());
    said.addProperty("image_id", image.id());
    said.addProperty("thought", image.thought());
    file(said, image.data(), image.uri());
    return said;
  }

  static JsonObject of(Model model) {
    var said = new JsonObject();
    said.addProperty("name", model.getName());
    said.addProperty("provider", model.getProvider());
    said.addProperty("native_id", model.getNativeId());
    return said;
  }

  private static JsonObject of(Part part) throws IOException {
    var said = new JsonObject();
    if (part.image() != null) {
      said = of(part.image());
    } else if (part.media() != null) {
      said.addProperty("kind", "media");
      said.addProperty("mime_type", part.media().mimeType());
      file(said, part.media().data(), part.media().uri());
    } else if (part.functionCall() != null) {
      said.addProperty("kind", "function_call");
      said.addProperty("name", part.functionCall().getName());
      said.add("args", json(part.functionCall().getArgs()));
    } else if (part.nativePart() != null) {
      said.addProperty("kind", "native");
      said.addProperty("native_kind", part.nativePart().getKind());
      said.add("value", JsonParser.parseString(part.nativePart().getValueJson()));
    } else {
      said.addProperty("kind", "text");
      said.addProperty("text", part.text());
    }
    said.addProperty("thought", part.thought());
    if (!part.signature().isEmpty()) {
      said.addProperty("signature_sha256", sum(part.signature().toByteArray()));
    }
    if (!part.nativeFields().isEmpty()) {
      var fields = new JsonObject();
      part.nativeFields().forEach((name, value) -> fields.add(name, JsonParser.parseString(value)));
      said.add("native_fields", fields);
    }
    return said;
  }

  static JsonObject of(Answer answer) throws IOException {
    var parts = new JsonArray();
    for (Part part : answer.parts()) {
      parts.add(of(part));
    }
    var omitted = new JsonArray();
    answer.details().getOmittedFieldsList().forEach(omitted::add);
    var said = new JsonObject();
    said.addProperty("completion_id", answer.id());
    said.addProperty("model", answer.model());
    said.addProperty("model_version", answer.modelVersion());
    said.add("parts", parts);
    said.addProperty(
        "finish_reason", answer.finishReason().name().substring("FINISH_REASON_".length()));
    said.addProperty("native_finish_reason", answer.nativeFinishReason());
    said.add("usage", answer.usage() == null ? null : json(answer.usage()));
    said.addProperty("kept", answer.expires() != null);
    said.addProperty("has_continuation", !answer.details().getContinuationToken().isEmpty());
    said.add("native_fields", Runner.GSON.toJsonTree(answer.details().getNativeFieldsMap()));
    said.add("omitted_fields", omitted);
    if (answer.promptFeedback() != null) {
      said.addProperty("block_reason", answer.promptFeedback().getBlockReason());
    }
    return said;
  }
}
