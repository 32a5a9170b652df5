// Leaves a drawing, and reads it later from the server, which drew it to its end.
import dev.imagewire.Answer;
import dev.imagewire.AnswerStream;
import dev.imagewire.Client;
import dev.imagewire.Event;
import dev.imagewire.Kept;
import dev.imagewire.Options;
import dev.imagewire.v1.OnDisconnect;

public class Resume {
  // A UUID that your program makes, and keeps until it has the picture.
  private static final String ID = "0b9f4a3e-8d0c-4c55-9a51-6f1f0c1f3a77";

  public static void main(String[] args) {
    try (Client client = Client.create()) {
      Options options = new Options().requestId(ID).onDisconnect(OnDisconnect.ON_DISCONNECT_KEEP);
      try (AnswerStream stream = client.stream("A banana", options)) {
        for (Event event : stream) {
          if (event instanceof Event.Chunk) {
            break; // as if this program had ended here
          }
        }
      }
      Answer answer = client.getCompletion(Kept.byRequestId(ID));
      System.out.println(answer.image().data().length == answer.image().sizeBytes());
    }
  }
}
