package dev.imagewire;

import com.google.protobuf.ByteString;
import dev.imagewire.v1.FunctionCall;
import dev.imagewire.v1.NativePart;
import dev.imagewire.v1.PartFinished;
import java.util.Map;

/**
 * One part of an answer. At most one of {@code image}, {@code media}, {@code functionCall} and
 * {@code nativePart} is not null; else it is text.
 *
 * @param text the text, empty for another part
 * @param image a picture, or null
 * @param media another file, or null
 * @param functionCall a call of a tool, or null
 * @param nativePart a part of a kind that the contract does not define, in the provider's own JSON,
 *     or null
 * @param thought whether the part belongs to the model's thinking
 * @param signature the model's opaque proof of the part, which must go back with it; {@link Chat}
 *     sees to that
 * @param nativeFields fields that the provider set beside the content, as JSON by name
 */
public record Part(
    String text,
    Image image,
    Media media,
    FunctionCall functionCall,
    NativePart nativePart,
    boolean thought,
    ByteString signature,
    Map<String, String> nativeFields) {

  /** data: the bytes of its file, empty if they came with it. */
  static Part of(PartFinished said, String text, ByteString data) {
    ByteString image = data.isEmpty() ? said.getImage().getData() : data;
    ByteString media = data.isEmpty() ? said.getMedia().getData() : data;
    boolean isText = said.getContentCase() == PartFinished.ContentCase.CONTENT_NOT_SET;
    return new Part(
        isText ? text : "",
        said.hasImage() ? Image.of(said.getImage(), image, said.getThought()) : null,
        said.hasMedia() ? Media.of(said.getMedia(), media) : null,
        said.hasFunctionCall() ? said.getFunctionCall() : null,
        said.hasNative() ? said.getNative() : null,
        said.getThought(),
        said.getThoughtSignature(),
        said.getNativeFieldsMap());
  }

  dev.imagewire.v1.Part proto() {
    var made =
        dev.imagewire.v1.Part.newBuilder()
            .setThought(thought)
            .setThoughtSignature(signature)
            .putAllNativeFields(nativeFields);
    if (image != null) {
      made.setImage(image.proto().toBuilder().setDisplayName(image.displayName()));
    } else if (media != null) {
      made.setMedia(media.proto());
    } else if (functionCall != null) {
      made.setFunctionCall(functionCall);
    } else if (nativePart != null) {
      made.setNative(nativePart);
    } else {
      made.setText(text);
    }
    return made.build();
  }
}
