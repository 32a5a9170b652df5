import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.images.ImageGenerateParams;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The official Java client of OpenAI, as its readers use it. */
public final class Pictures {
  private Pictures() {}

  public static void main(String[] arguments) throws Exception {
    String model = System.getenv("MODEL");
    OpenAIClient client =
        OpenAIOkHttpClient.builder().baseUrl(System.getenv("BASE_URL")).apiKey("any").build();
    ChatCompletionCreateParams ask =
        ChatCompletionCreateParams.builder().model(model).addUserMessage("A banana").build();

    ChatCompletion whole = client.chat().completions().create(ask);
    ChatCompletion.Choice choice = whole.choices().get(0);
    tell(
        "chat",
        choice.message().content().orElse(""),
        images(choice.message()._additionalProperties()),
        choice.finishReason().toString());

    StringBuilder text = new StringBuilder();
    StringBuilder finish = new StringBuilder();
    List<String> found = new ArrayList<>();
    try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(ask)) {
      stream.stream()
          .flatMap(chunk -> chunk.choices().stream())
          .forEach(
              one -> {
                text.append(one.delta().content().orElse(""));
                found.addAll(images(one.delta()._additionalProperties()));
                one.finishReason().ifPresent(finish::append);
              });
    }
    tell("stream", text.toString(), found, finish.toString());

    ImageGenerateParams params = ImageGenerateParams.builder().model(model).prompt("A banana").build();
    String encoded = client.images().generate(params).data().orElseThrow().get(0).b64Json().orElseThrow();
    tell("image", "", List.of(hash(encoded)), "");
    client.close();
  }

  /** Reads what the client's types do not have. */
  @SuppressWarnings("unchecked")
  private static List<String> images(Map<String, JsonValue> more) {
    JsonValue images = more.get("images");
    if (images == null) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    for (Map<String, Object> image : (List<Map<String, Object>>) images.convert(List.class)) {
      found.add(hash(((Map<String, String>) image.get("image_url")).get("url")));
    }
    return found;
  }

  private static String hash(String encoded) {
    try {
      byte[] data = Base64.getDecoder().decode(encoded.substring(encoded.indexOf(',') + 1));
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    } catch (java.security.NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }

  private static void tell(String name, String text, List<String> images, String finish) {
    String quoted = images.isEmpty() ? "" : "\"" + String.join("\", \"", images) + "\"";
    System.out.printf(
        "{\"name\": \"%s\", \"text\": \"%s\", \"images\": [%s], \"finish\": \"%s\"}%n", name, text, quoted, finish);
  }
}
