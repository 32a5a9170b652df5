// Leaves a drawing as soon as its first bytes have come.
import dev.imagewire.AnswerStream;
import dev.imagewire.Client;
import dev.imagewire.Event;
import dev.imagewire.ImagewireException;
import dev.imagewire.Options;
import dev.imagewire.v1.OnDisconnect;
import io.grpc.Context;

public class Cancel {
  public static void main(String[] args) {
    // A server that keeps answers draws to the end all the same, unless it is told not to.
    Options options = new Options().onDisconnect(OnDisconnect.ON_DISCONNECT_CANCEL);
    Context.CancellableContext context = Context.current().withCancellation();
    context.run(
        () -> {
          try (Client client = Client.create();
              AnswerStream stream = client.stream("A banana", options)) {
            for (Event event : stream) {
              if (event instanceof Event.Chunk) {
                context.cancel(null); // any thread may do that; stream.close() does the same
              }
            }
          } catch (ImagewireException.Cancelled e) {
            System.out.println("cancelled");
          }
        });
  }
}
