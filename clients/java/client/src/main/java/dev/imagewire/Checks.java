package dev.imagewire;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Arguments that could not be sent as they are. */
final class Checks {
  private Checks() {}

  /** The text, which must be Unicode: for half a surrogate pair, protobuf would send a "?". */
  static String text(String field, String value) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(value)) {
      throw Failure.invalid(
          field, "has half of a surrogate pair, which is no character: give whole characters");
    }
    return value;
  }

  /** Checks all text of a message. prefix: where it stands, with a dot at its end, or "". */
  static void text(String prefix, Message message) {
    message
        .getAllFields()
        .forEach(
            (field, value) -> {
              if (value instanceof List<?> list) {
                for (int i = 0; i < list.size(); i++) {
                  value(prefix + field.getName() + "[" + i + "]", list.get(i));
                }
              } else {
                value(prefix + field.getName(), value);
              }
            });
  }

  private static void value(String path, Object value) {
    if (value instanceof String text) {
      text(path, text);
    } else if (value instanceof Message message) {
      text(path + ".", message);
    }
  }

  /** Checks what is sent with each call: gRPC leaves out what no header can hold. */
  static void headers(Metadata headers) {
    for (String name : headers.keys()) {
      if (!name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        for (String value : headers.getAll(Call.key(name))) {
          if (!isHeader(value)) {
            throw Failure.invalid(
                "metadata." + name, "must be printable ASCII; other bytes go under a -bin name");
          }
        }
      }
    }
  }

  /** Whether it can be the value of a header. */
  static boolean isHeader(String value) {
    return value.chars().allMatch(each -> each >= ' ' && each <= '~');
  }
}
