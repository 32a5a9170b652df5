// Tells errors apart.
import dev.imagewire.Client;
import dev.imagewire.ImagewireException;
import dev.imagewire.Options;

public class Errors {
  public static void main(String[] args) {
    try (Client client = Client.create()) {
      client.draw("A banana", new Options().model("gemini-bogus/banana"));
    } catch (ImagewireException.NoPicture e) {
      System.out.println("the model did not draw: " + e.reason());
    } catch (ImagewireException e) {
      switch (e.errorReason()) {
        case ERROR_REASON_MODEL_NOT_FOUND -> System.out.println("no such model");
        case ERROR_REASON_OVERLOADED -> System.out.println("again after " + e.retryAfter());
        default -> throw e; // e.isRetryable() tells whether nothing was charged
      }
    }
  }
}
