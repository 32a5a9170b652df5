// Writes a picture into a file while it arrives.
import dev.imagewire.AnswerStream;
import dev.imagewire.Client;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

public class StreamToFile {
  public static void main(String[] args) throws IOException {
    try (Client client = Client.create();
        AnswerStream stream = client.stream("A banana");
        OutputStream file = Files.newOutputStream(Path.of("banana.png"))) {
      // The picture is never in memory as a whole. It is checked at its end: until then, the file
      // is not to be used.
      long written = stream.transferTo(file);
      System.out.println(written + " bytes, " + stream.answer().image().mimeType());
    }
  }
}
