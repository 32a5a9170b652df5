// Draws a picture into a file.
import dev.imagewire.Client;
import dev.imagewire.Image;
import dev.imagewire.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

public class Draw {
  public static void main(String[] args) throws IOException {
    try (Client client = Client.create()) { // IMAGEWIRE_TARGET, else 127.0.0.1:50051
      Image picture = client.draw("A banana", new Options().aspectRatio("16:9"));
      Files.write(Path.of("banana.png"), picture.data());
    }
  }
}
