package dev.imagewire;

import com.google.protobuf.ByteString;

/**
 * A file of an answer that is no picture: audio, video, a document.
 *
 * @param data the file; null if its bytes are elsewhere
 * @param mimeType the media type, for example "audio/wav"
 * @param uri the address of a file that is elsewhere, or null
 * @param displayName the provider's name of the file; mostly empty
 */
public record Media(byte[] data, String mimeType, String uri, String displayName) {
  static Media of(dev.imagewire.v1.Media said, ByteString data) {
    boolean here = !said.hasUri() && !data.isEmpty();
    return new Media(
        here ? data.toByteArray() : null,
        said.getMimeType(),
        said.hasUri() ? said.getUri() : null,
        said.getDisplayName());
  }

  dev.imagewire.v1.Media proto() {
    var made =
        dev.imagewire.v1.Media.newBuilder().setMimeType(mimeType).setDisplayName(displayName);
    return (uri == null ? made.setData(Image.wrapped(data)) : made.setUri(uri)).build();
  }
}
