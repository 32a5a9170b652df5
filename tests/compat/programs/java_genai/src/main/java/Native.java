import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.genai.Client;
import com.google.genai.ResponseStream;
import com.google.genai.errors.ApiException;
import com.google.genai.types.Content;
import com.google.genai.types.GenerateContentConfig;
import com.google.genai.types.GenerateContentResponse;
import com.google.genai.types.HttpOptions;
import com.google.genai.types.HttpRetryOptions;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Google's SDK for Java: makes the calls of a table, and prints what each answer says, a line of JSON for each. */
public final class Native {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Native() {}

  public static void main(String[] arguments) throws Exception {
    HttpOptions options =
        HttpOptions.builder()
            .baseUrl(System.getenv("BASE_URL"))
            .retryOptions(HttpRetryOptions.builder().attempts(1))
            .build();
    boolean vertex = !System.getenv().getOrDefault("VERTEX", "").isEmpty();
    PrintStream printed = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (Client client =
            Client.builder().apiKey(System.getenv("KEY")).vertexAI(vertex).httpOptions(options).build();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        printed.println(ask(client, JSON.readTree(line)));
      }
    }
  }

  private static ObjectNode ask(Client client, JsonNode call) throws Exception {
    String model = call.get("model").asText();
    List<Content> contents = new ArrayList<>();
    for (JsonNode content : call.get("contents")) {
      contents.add(Content.fromJson(content.toString()));
    }
    GenerateContentConfig config = GenerateContentConfig.fromJson(call.get("config").toString());
    ObjectNode told = JSON.createObjectNode().put("name", call.get("name").asText());
    ArrayNode answers = told.putArray("answers");
    try {
      if (call.get("stream").asBoolean()) {
        try (ResponseStream<GenerateContentResponse> stream =
            client.models.generateContentStream(model, contents, config)) {
          for (GenerateContentResponse chunk : stream) {
            answers.add(JSON.readTree(chunk.toJson()));
          }
        }
      } else {
        answers.add(JSON.readTree(client.models.generateContent(model, contents, config).toJson()));
      }
    } catch (ApiException error) {
      told.put("error", error.getClass().getSimpleName()).put("code", error.code()).put("status", error.status());
    }
    return told;
  }
}
