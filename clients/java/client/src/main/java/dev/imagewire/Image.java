package dev.imagewire;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.imagewire.v1.ImageDetail;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * A picture: of an answer, or to be sent.
 *
 * @param data the encoded file (PNG, JPEG, WebP, HEIC or HEIF), which must not be changed; null if
 *     its bytes are elsewhere
 * @param mimeType the media type, for example "image/png"
 * @param width in pixels, 0 if unknown
 * @param height in pixels, 0 if unknown
 * @param sizeBytes the size of the file
 * @param sha256 its hash in hexadecimal digits
 * @param id the server's id of the picture, on a server that keeps pictures, or null
 * @param uri the address of a picture that is sent by it, or that the provider wrote to a bucket,
 *     or null
 * @param thought whether it is a draft of the model's thinking
 * @param detail how closely the model looks at an input picture
 * @param displayName the provider's name of the file; mostly empty
 */
public record Image(
    byte[] data,
    String mimeType,
    int width,
    int height,
    long sizeBytes,
    String sha256,
    String id,
    String uri,
    boolean thought,
    ImageDetail detail,
    String displayName) {

  private static Image toSend(byte[] data, String mimeType, String id, String uri) {
    long size = data == null ? 0 : data.length;
    var detail = ImageDetail.IMAGE_DETAIL_UNSPECIFIED;
    return new Image(data, mimeType, 0, 0, size, "", id, uri, false, detail, "");
  }

  /** A picture to be sent, of an encoded file. The array must not be changed later. */
  public static Image of(byte[] data) {
    return toSend(data, mediaType(requireNonNull(data, "data")), null, null);
  }

  /** A picture to be sent, of a file. */
  public static Image read(Path path) throws IOException {
    return of(Files.readAllBytes(requireNonNull(path, "path")));
  }

  /** A picture that the server keeps, by its {@link #id}. */
  public static Image byId(String id) {
    return toSend(null, "", requireNonNull(id, "id"), null);
  }

  /** A picture that the model fetches. */
  public static Image byUri(String uri, String mimeType) {
    return toSend(null, requireNonNull(mimeType, "mimeType"), null, requireNonNull(uri, "uri"));
  }

  /** The same picture, looked at as closely as this. */
  public Image withDetail(ImageDetail closely) {
    return new Image(
        data, mimeType, width, height, sizeBytes, sha256, id, uri, thought, closely, displayName);
  }

  private static String mediaType(byte[] data) {
    byte[] head = java.util.Arrays.copyOf(data, 12);
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (text.startsWith("\u0089PNG\r\n\u001a\n")) {
      return "image/png";
    } else if (text.startsWith("\u00ff\u00d8\u00ff")) {
      return "image/jpeg";
    } else if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) {
      return "image/gif";
    } else if (text.startsWith("RIFF") && text.startsWith("WEBP", 8)) {
      return "image/webp";
    }
    return switch (text.substring(4)) {
      case "ftypheic", "ftypheix", "ftyphevc" -> "image/heic";
      case "ftypmif1", "ftypmsf1" -> "image/heif";
      default -> "";
    };
  }

  static ByteString wrapped(byte[] data) {
    return UnsafeByteOperations.unsafeWrap(data);
  }

  dev.imagewire.v1.Image proto() {
    var made = dev.imagewire.v1.Image.newBuilder().setMimeType(mimeType).setDetail(detail);
    if (uri != null) {
      made.setUri(uri);
    } else if (data != null) {
      made.setData(wrapped(data));
    } else if (id != null) {
      made.setImageId(id);
    } else {
      throw Failure.invalid("images", "has a picture without data, id and uri");
    }
    return made.build();
  }

  /** data: its bytes, which may stand elsewhere than in the message; empty if they are not here. */
  static Image of(dev.imagewire.v1.Image said, ByteString data, boolean thought) {
    return new Image(
        data.isEmpty() ? null : data.toByteArray(),
        said.getMimeType(),
        said.getWidth(),
        said.getHeight(),
        said.getSizeBytes(),
        HexFormat.of().formatHex(said.getSha256().toByteArray()),
        said.hasImageId() ? said.getImageId() : null,
        said.hasUri() ? said.getUri() : null,
        thought,
        said.getDetail(),
        said.getDisplayName());
  }
}
