package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.imagewire.v1.ChatMessage;
import dev.imagewire.v1.Spec;
import io.grpc.Metadata;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Wrong arguments are named before anything is sent. */
class ArgumentsTest {
  private static final String HALF = "a\ud800";
  private static FakeServer server;
  private static Client client;

  @BeforeAll
  static void start() throws Exception {
    server = new FakeServer(FakeServer.ANSWERS);
    client = server.client();
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  private static Spec spec(String text) {
    var part = dev.imagewire.v1.Part.newBuilder().setText(text);
    return Spec.newBuilder().addMessages(ChatMessage.newBuilder().addParts(part)).build();
  }

  @Test
  void textThatIsNoUnicodeIsNeverAnotherPrompt() {
    int before = server.asked.size();
    Map<String, Executable> calls = new LinkedHashMap<>();
    calls.put("prompt", () -> client.draw(HALF));
    calls.put("prompt ", () -> client.createCompletion("\udc00b"));
    calls.put("prompt  ", () -> client.chat().send(HALF));
    calls.put("model", () -> client.draw("A", new Options().model(HALF)));
    calls.put("image_config.aspect_ratio", () -> client.draw("A", new Options().aspectRatio(HALF)));
    calls.put("messages[0].parts[0].text", () -> client.draw("A", new Options().spec(spec(HALF))));
    calls.put("image_id", () -> client.download(HALF));
    calls.put("name", () -> client.getModel(HALF));
    calls.forEach(
        (field, call) -> {
          var failed = assertThrows(ImagewireException.InvalidRequest.class, call, field);
          assertEquals(field.strip(), failed.violations().get(0).field());
        });
    assertEquals(before, server.asked.size());
    assertDoesNotThrow(() -> client.draw("a whole pair: \ud83c\udf4c"));
  }

  @Test
  void nullIsNamed() {
    int before = server.asked.size();
    Options options = new Options();
    Map<String, List<Executable>> calls =
        Map.ofEntries(
            Map.entry("prompt", List.of(() -> client.draw(null), () -> client.chat().stream(null))),
            Map.entry(
                "options",
                List.of(
                    () -> client.draw("A", null),
                    () -> client.createCompletion("A", null),
                    () -> client.chat().send("A", null),
                    () -> client.chat((Options) null),
                    () -> options.and(null))),
            Map.entry("pictures", List.of(() -> options.images((Image) null))),
            Map.entry("ratio", List.of(() -> options.aspectRatio(null))),
            Map.entry("size", List.of(() -> options.imageSize(null))),
            Map.entry("spec", List.of(() -> options.spec(null))),
            Map.entry("uuid", List.of(() -> options.requestId(null))),
            Map.entry("wish", List.of(() -> options.onDisconnect(null))),
            Map.entry("id", List.of(() -> client.download(null), () -> client.deleteImage(null))),
            Map.entry("kept", List.of(() -> client.getCompletion(null))),
            Map.entry("name", List.of(() -> client.getModel(null))),
            Map.entry("picture", List.of(() -> client.upload(null))),
            Map.entry(
                "saved", List.of(() -> client.chatFromJson(null), () -> client.chat((Spec) null))),
            Map.entry("data", List.of(() -> Image.of(null))),
            Map.entry("path", List.of(() -> Image.read((Path) null))),
            Map.entry("out", List.of(() -> client.stream("A").transferTo(null))),
            Map.entry("key", List.of(() -> Client.builder().apiKey(null))),
            Map.entry("limit", List.of(() -> Client.builder().timeout(null))),
            Map.entry("headers", List.of(() -> Client.builder().metadata(null))));
    calls.forEach(
        (name, each) ->
            each.forEach(
                call ->
                    assertEquals(
                        name, assertThrows(NullPointerException.class, call).getMessage())));
    assertEquals(before, server.asked.size());
  }

  @Test
  void theLongestTimeIsALimit() throws Exception {
    for (Duration time :
        List.of(Duration.ofSeconds(Long.MAX_VALUE), Duration.ofMillis(Long.MAX_VALUE))) {
      assertDoesNotThrow(() -> client.draw("A banana", new Options().timeout(time)));
      String target = "127.0.0.1:" + server.port();
      try (Client patient = Client.builder().target(target).timeout(time).build()) {
        assertDoesNotThrow(() -> patient.draw("A banana"));
      }
    }
  }

  @Test
  void aChatThatIsNoneIsAnIllegalArgument() {
    for (String text : List.of("[", "{", "", "null", "{\"nope\":1}", "{\"messages\":3}", "a\0")) {
      assertThrows(IllegalArgumentException.class, () -> client.chatFromJson(text), text);
    }
  }

  @Test
  void metadataThatNoHeaderHoldsAreRefused() {
    var headers = new Metadata();
    headers.put(Call.key("x-tenant"), "a\r\nb");
    var failed =
        assertThrows(
            ImagewireException.InvalidRequest.class, () -> Client.builder().metadata(headers));
    assertEquals("metadata.x-tenant", failed.violations().get(0).field());
  }
}
