package dev.imagewire.conformance;

import com.google.gson.JsonObject;
import java.util.List;

/** A step of a case, with the names that it has there. */
final class Step {
  String call = "";
  String model = "";
  String prompt = "";
  List<Picture> images = List.of();
  JsonObject spec;
  int timeout_ms;
  String request_id;
  String completion_id;
  String on_disconnect = "";
  Long cache_ttl_ms;
  int max_frame_bytes;
  int max_inline_bytes;
  int cancel_after_bytes;
  String image_id = "";
  String chat = "";
  String load = "";
  String save = "";

  /** One of {@code images}. */
  static final class Picture {
    Integer step;
    int part;
    String data;
    String image_id;
    String uri;
  }
}
