package dev.imagewire.conformance;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.imagewire.Client;
import dev.imagewire.ImagewireException;
import dev.imagewire.Tls;
import io.grpc.Context;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Runs conformance cases with the Java client, as tests/conformance/README.md says. */
public final class Runner {
  static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
  private static final ScheduledExecutorService TIMER =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            var thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
          });

  private final JsonArray seen = new JsonArray();
  private final Calls calls;

  private Runner(Client client) {
    calls = new Calls(client);
  }

  public static void main(String[] paths) throws Exception {
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String path : paths) {
      JsonObject given = JsonParser.parseString(Files.readString(Path.of(path))).getAsJsonObject();
      try (Client client = client(given)) {
        var runner = new Runner(client);
        for (JsonElement step : given.getAsJsonArray("steps")) {
          int index = runner.seen.size();
          JsonObject said = runner.step(runner.filled(step).getAsJsonObject());
          runner.seen.add(said.deepCopy());
          said.add("case", given.get("name"));
          said.addProperty("step", index);
          out.println(GSON.toJson(said));
        }
      }
    }
  }

  private static String environment(String name) {
    return Objects.requireNonNullElse(System.getenv("CONFORMANCE_" + name), "");
  }

  private static Client client(JsonObject given) {
    var made = Client.builder().target(environment("TARGET")).apiKey(environment("API_KEY"));
    var said = given.has("client") ? given.getAsJsonObject("client") : new JsonObject();
    if (said.has("api_key")) {
      made.apiKey(said.get("api_key").getAsString());
    }
    if (said.has("max_message_bytes")) {
      made.maxMessageBytes(said.get("max_message_bytes").getAsInt());
    }
    String cert = environment("CERT");
    if (!environment("CA").isEmpty()) {
      boolean own = !cert.isEmpty() && !said.has("anonymous");
      Path ca = Path.of(environment("CA"));
      made.tls(own ? new Tls(ca, Path.of(cert), Path.of(environment("KEY")), null) : new Tls(ca));
    }
    return made.build();
  }

  /** A value with each "$N.path" replaced by what step N printed there. */
  private JsonElement filled(JsonElement value) {
    if (value instanceof JsonObject object) {
      var made = new JsonObject();
      for (Map.Entry<String, JsonElement> each : object.entrySet()) {
        made.add(each.getKey(), filled(each.getValue()));
      }
      return made;
    } else if (value instanceof JsonArray list) {
      var made = new JsonArray();
      list.forEach(each -> made.add(filled(each)));
      return made;
    } else if (value instanceof JsonPrimitive said
        && said.isString()
        && said.getAsString().startsWith("$")) {
      JsonElement found = seen;
      for (String name : said.getAsString().substring(1).split("\\.")) {
        found =
            found instanceof JsonArray list
                ? list.get(Integer.parseInt(name))
                : found.getAsJsonObject().get(name);
      }
      return found;
    }
    return value;
  }

  private JsonObject step(JsonObject given) throws Exception {
    Step step = GSON.fromJson(given, Step.class);
    Context.CancellableContext context =
        step.timeout_ms > 0
            ? Context.current().withDeadlineAfter(step.timeout_ms, TimeUnit.MILLISECONDS, TIMER)
            : Context.current().withCancellation();
    try {
      return context.call(() -> calls.call(step, seen.size(), context));
    } catch (ImagewireException e) {
      return error(e);
    } finally {
      context.cancel(null);
    }
  }

  private static JsonObject error(ImagewireException failed) {
    var fields = new JsonArray();
    failed.violations().forEach(violation -> fields.add(violation.field()));
    var said = new JsonObject();
    said.addProperty("code", failed.code());
    said.addProperty("reason", failed.reason());
    said.add("fields", fields);
    said.addProperty("retryable", failed.isRetryable());
    said.addProperty("retry_after_seconds", failed.retryAfter().toMillis() / 1e3);
    var made = new JsonObject();
    made.add("error", said);
    return made;
  }
}
