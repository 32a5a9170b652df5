package dev.imagewire;

import com.google.protobuf.ByteString;
import dev.imagewire.v1.ChatMessage;
import dev.imagewire.v1.Image;
import dev.imagewire.v1.Spec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A request's large pictures, which it names by their SHA-256: only what a server lacks goes up.
 */
final class Named {
  // Up to this, a picture is sent with the request: to ask for it first would take longer.
  private static final int LARGE = 256 << 10;

  /** One picture. */
  static final class Picture {
    final ByteString data;
    final ByteString sha256;
    final String mimeType;
    boolean missing;
    boolean uploaded;

    /** Whether its bytes are sent with the request nevertheless. */
    boolean inline;

    private Picture(ByteString data, ByteString sha256, String mimeType) {
      this.data = data;
      this.sha256 = sha256;
      this.mimeType = mimeType;
    }
  }

  private final Spec whole;
  private final Map<ByteString, Picture> bySha256 = new HashMap<>();
  private final IdentityHashMap<ByteString, Picture> byBytes = new IdentityHashMap<>();

  /** whole: the request with its bytes, which are never copied. use: whether any are named. */
  Named(Spec whole, boolean use) {
    this.whole = whole;
    if (use) {
      rewritten(this::find);
    }
  }

  private Image find(Image image) {
    ByteString data = image.getData();
    if (data.size() <= LARGE || image.getMimeType().isEmpty() || byBytes.containsKey(data)) {
      return image;
    }
    ByteString sum = Verifier.sha256(data);
    // A hash that is wrong is sent, for the server to refuse.
    if (image.getSha256().isEmpty() || image.getSha256().equals(sum)) {
      byBytes.put(
          data, bySha256.computeIfAbsent(sum, key -> new Picture(data, key, image.getMimeType())));
    }
    return image;
  }

  /** The request as it is sent now. */
  Spec spec() {
    if (bySha256.isEmpty()) {
      return whole;
    }
    return rewritten(
        image -> {
          Picture picture = byBytes.get(image.getData());
          boolean named = picture != null && !picture.inline;
          return named ? image.toBuilder().clearSource().setSha256(picture.sha256).build() : image;
        });
  }

  /** What is to go up before the next attempt. */
  List<Picture> due() {
    return bySha256.values().stream()
        .filter(picture -> picture.missing && !picture.uploaded && !picture.inline)
        .toList();
  }

  /** Marks what the server lacks of them; false if nothing is to be done about that. */
  boolean lacks(String sums) {
    var missing = new ArrayList<Picture>();
    for (Picture picture : bySha256.values()) {
      if (sums.contains(HexFormat.of().formatHex(picture.sha256.toByteArray()))) {
        if (picture.uploaded || picture.inline) {
          return false;
        }
        missing.add(picture);
      }
    }
    missing.forEach(picture -> picture.missing = true);
    return !missing.isEmpty();
  }

  /** Sends all bytes with the request. */
  void putBack() {
    bySha256.values().forEach(picture -> picture.inline = true);
  }

  private Spec rewritten(UnaryOperator<Image> change) {
    Spec.Builder made = whole.toBuilder();
    for (ChatMessage.Builder message : made.getMessagesBuilderList()) {
      if (message.hasImage()) {
        message.setImage(change.apply(message.getImage()));
      }
      for (var part : message.getPartsBuilderList()) {
        if (part.hasImage()) {
          part.setImage(change.apply(part.getImage()));
        } else if (part.hasFunctionResponse()) {
          var response = part.getFunctionResponseBuilder();
          for (int i = 0; i < response.getImagesCount(); i++) {
            response.setImages(i, change.apply(response.getImages(i)));
          }
        }
      }
    }
    return made.build();
  }
}
