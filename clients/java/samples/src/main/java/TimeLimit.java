// Gives up a call that takes too long.
import dev.imagewire.Client;
import dev.imagewire.ImagewireException;
import dev.imagewire.Options;
import java.time.Duration;

public class TimeLimit {
  public static void main(String[] args) {
    // The emulator waits for ten seconds.
    Options slow = new Options().model("gemini/emulator-latency-10000");
    try (Client client = Client.create()) {
      client.draw("A banana", slow.timeout(Duration.ofSeconds(1)));
    } catch (ImagewireException.DeadlineExceeded e) {
      System.out.println("too late");
    }
  }
}
