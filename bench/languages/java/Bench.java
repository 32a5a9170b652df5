import dev.imagewire.Client;
import dev.imagewire.Options;
import dev.imagewire.v1.ChatMessage;
import dev.imagewire.v1.ChatServiceGrpc;
import dev.imagewire.v1.CreateCompletionRequest;
import dev.imagewire.v1.Role;
import dev.imagewire.v1.Spec;
import dev.imagewire.v1.StreamCompletionRequest;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/** Draws as a program in Java does, by the client or by the stub alone: bench/languages/__init__.py says how. */
public final class Bench {
  private static final String PROMPT = "Draw a banana";

  /** Draws a picture with a model; returns its bytes. */
  private interface Drawing {
    long draw(String model) throws Exception;
  }

  /** A small picture at once, and a large one as a stream. */
  private record Way(Drawing small, Drawing large) {}

  private record Seen(double used, double size, int count) {}

  private static Way client(String target, String key) {
    Client client = Client.builder().target(target).apiKey(key).build();
    return new Way(
        model -> client.draw(PROMPT, new Options().model(model)).data().length,
        model -> {
          try (var stream = client.stream(PROMPT, new Options().model(model))) {
            return stream.transferTo(OutputStream.nullOutputStream());
          }
        });
  }

  private static Way stub(String target, String key) {
    var headers = new Metadata();
    headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
    var channel =
        ManagedChannelBuilder.forTarget(target)
            .usePlaintext()
            .maxInboundMessageSize(64 << 20)
            .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
            .build();
    var chat = ChatServiceGrpc.newBlockingStub(channel);
    return new Way(
        model -> {
          var asked = CreateCompletionRequest.newBuilder().setSpec(spec(model)).build();
          return chat.createCompletion(asked).getCandidates(0).getMessage().getImage().getData().size();
        },
        model -> {
          var asked = StreamCompletionRequest.newBuilder().setSpec(spec(model)).build();
          long size = 0;
          for (var events = chat.streamCompletion(asked); events.hasNext(); ) {
            size += events.next().getImageChunk().getData().size();
          }
          return size;
        });
  }

  private static Spec spec(String model) {
    var said = ChatMessage.newBuilder().setRole(Role.ROLE_USER).setContent(PROMPT);
    return Spec.newBuilder().setModel(model).addMessages(said).build();
  }

  private static double cpu() {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / 1e9;
  }

  /** Draws for so many seconds. */
  private static Seen measure(Drawing drawing, String model, double seconds) throws Exception {
    double before = cpu();
    double size = 0;
    int count = 0;
    for (long begun = System.nanoTime(); count == 0 || System.nanoTime() - begun < seconds * 1e9; count++) {
      size += drawing.draw(model);
    }
    return new Seen(cpu() - before, size, count);
  }

  public static void main(String[] arguments) throws Exception {
    String target = System.getenv("BENCH_TARGET");
    String key = System.getenv("BENCH_KEY");
    Way way = arguments[0].equals("client") ? client(target, key) : stub(target, key);
    double seconds = Double.parseDouble(System.getenv("BENCH_SECONDS"));
    measure(way.small, System.getenv("BENCH_SMALL"), seconds);
    Seen calls = measure(way.small, System.getenv("BENCH_SMALL"), seconds);
    measure(way.large, System.getenv("BENCH_LARGE"), seconds);
    Seen streams = measure(way.large, System.getenv("BENCH_LARGE"), seconds);
    System.out.printf(
        Locale.ROOT,
        "{\"call_ms\": %f, \"small_bytes\": %f, \"mb_per_cpu\": %f, \"large_bytes\": %f}%n",
        1000 * calls.used / calls.count,
        calls.size / calls.count,
        streams.size / 1e6 / streams.used,
        streams.size / streams.count);
    System.exit(0);
  }
}
