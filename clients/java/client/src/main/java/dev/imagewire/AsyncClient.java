package dev.imagewire;

import dev.imagewire.v1.Model;
import io.grpc.Context;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A {@link Client}'s calls without waiting for them. To cancel a future ends its call, and so does
 * the {@link Context} that was current when it was made. A future fails with an {@link
 * ImagewireException}. {@link AnswerStream#publisher} is for streams.
 */
public final class AsyncClient {
  private final Client client;

  AsyncClient(Client client) {
    this.client = client;
  }

  /** See {@link Client#draw(String)}. */
  public CompletableFuture<Image> draw(String prompt) {
    return run(() -> client.draw(prompt));
  }

  /** See {@link Client#draw(String, Options)}. */
  public CompletableFuture<Image> draw(String prompt, Options options) {
    return run(() -> client.draw(prompt, options));
  }

  /** See {@link Client#createCompletion(String, Options)}. */
  public CompletableFuture<Answer> createCompletion(String prompt, Options options) {
    return run(() -> client.createCompletion(prompt, options));
  }

  /** See {@link AnswerStream#collect}. */
  public CompletableFuture<Answer> stream(String prompt, Options options) {
    return run(() -> client.stream(prompt, options).collect());
  }

  /** See {@link Chat#send(String, Options)}. The chat is not to be used before the answer. */
  public CompletableFuture<Answer> send(Chat chat, String prompt, Options options) {
    return run(() -> chat.send(prompt, options));
  }

  /** See {@link Client#getCompletion}. */
  public CompletableFuture<Answer> getCompletion(Kept kept) {
    return run(() -> client.getCompletion(kept));
  }

  /** See {@link Client#upload}. */
  public CompletableFuture<Image> upload(Image picture) {
    return run(() -> client.upload(picture));
  }

  /** See {@link Client#download}. */
  public CompletableFuture<Image> download(String id) {
    return run(() -> client.download(id));
  }

  /** See {@link Client#deleteImage}. */
  public CompletableFuture<Void> deleteImage(String id) {
    return run(
        () -> {
          client.deleteImage(id);
          return null;
        });
  }

  /** See {@link Client#listModels}. */
  public CompletableFuture<List<Model>> listModels() {
    return run(client::listModels);
  }

  /** See {@link Client#getModel}. */
  public CompletableFuture<Model> getModel(String name) {
    return run(() -> client.getModel(name));
  }

  /** See {@link Client#ping}. */
  public CompletableFuture<Pong> ping() {
    return run(client::ping);
  }

  private <T> CompletableFuture<T> run(Supplier<T> call) {
    Context.CancellableContext context = Context.current().withCancellation();
    var made = new CompletableFuture<T>();
    made.whenComplete((value, failed) -> context.cancel(null));
    client
        .executor()
        .execute(
            context.wrap(
                () -> {
                  try {
                    made.complete(call.get());
                  } catch (Throwable failed) {
                    made.completeExceptionally(failed);
                  }
                }));
    return made;
  }
}
