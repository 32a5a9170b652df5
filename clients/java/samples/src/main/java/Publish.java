// Subscribes to an answer, one event at a time.
import dev.imagewire.Client;
import dev.imagewire.Event;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

public class Publish {
  public static void main(String[] args) {
    CompletableFuture<Long> size = new CompletableFuture<>();
    try (Client client = Client.create()) {
      client.stream("A banana").publisher().subscribe(new Counter(size));
      System.out.println(size.join() + " bytes");
    }
  }

  private static final class Counter implements Flow.Subscriber<Event> {
    private final CompletableFuture<Long> size;
    private Flow.Subscription subscription;
    private long bytes;

    Counter(CompletableFuture<Long> size) {
      this.size = size;
    }

    @Override
    public void onSubscribe(Flow.Subscription asked) {
      subscription = asked;
      asked.request(1);
    }

    @Override
    public void onNext(Event event) {
      if (event instanceof Event.Chunk chunk) {
        bytes += chunk.data().size();
      }
      subscription.request(1); // the next one comes only now, so a slow reader is not overrun
    }

    @Override
    public void onError(Throwable failed) {
      size.completeExceptionally(failed);
    }

    @Override
    public void onComplete() {
      size.complete(bytes);
    }
  }
}
