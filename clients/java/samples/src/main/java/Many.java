// Draws several pictures at once.
import dev.imagewire.Client;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

public class Many {
  public static void main(String[] args) {
    try (Client client = Client.create()) {
      List<CompletableFuture<Void>> drawing =
          List.of("banana", "cherry", "lemon", "plum").stream()
              .map(
                  what ->
                      client
                          .async()
                          .draw("A " + what)
                          .thenAccept(picture -> save(Path.of(what + ".png"), picture.data())))
              .toList();
      drawing.forEach(CompletableFuture::join);
    }
  }

  private static void save(Path file, byte[] data) {
    try {
      Files.write(file, data);
      System.out.println(file);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
