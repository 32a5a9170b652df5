// Draws a picture, and edits it twice.
import dev.imagewire.AnswerStream;
import dev.imagewire.Chat;
import dev.imagewire.Client;
import dev.imagewire.Event;
import dev.imagewire.Image;
import dev.imagewire.Options;
import java.util.List;

public class Edit {
  public static void main(String[] args) {
    try (Client client = Client.create()) {
      Chat chat = client.chat(new Options().model("gemini/gemini-3-pro-image"));
      for (String prompt : List.of("A red bicycle", "Make it blue", "Add a basket")) {
        // The answer joins the chat, with the signatures that the model wants back.
        try (AnswerStream stream = chat.stream(prompt)) {
          for (Event event : stream) {
            if (event instanceof Event.TextDelta delta) {
              System.out.print(delta.text());
            }
          }
          Image image = stream.answer().image();
          System.out.printf("%n%s: %d x %d%n", prompt, image.width(), image.height());
        }
      }
    }
  }
}
