package dev.imagewire;

import static java.util.Objects.requireNonNull;

import dev.imagewire.v1.DeleteImageRequest;
import dev.imagewire.v1.GetModelRequest;
import dev.imagewire.v1.ImageServiceGrpc;
import dev.imagewire.v1.ListModelsRequest;
import dev.imagewire.v1.ListModelsResponse;
import dev.imagewire.v1.Model;
import dev.imagewire.v1.ModelServiceGrpc;
import dev.imagewire.v1.ResumeCompletionRequest;
import dev.imagewire.v1.Spec;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/**
 * Calls one server. It is for all threads of a program, which share its connection.
 *
 * <p>Every call ends with the {@link Context} that is current when it is made, or at its deadline;
 * and if its thread is interrupted. All failures are an {@link ImagewireException}. An argument
 * that is null is a {@link NullPointerException} with its name, before anything is sent.
 */
public final class Client implements AutoCloseable {
  /** The version of this client, which the server's log has in the user agent. */
  public static final String VERSION = "0.1.0";

  /** The model that is asked if neither an option nor IMAGEWIRE_MODEL names one. */
  public static final String DEFAULT_MODEL = "gemini/gemini-2.5-flash-image";

  final ClientBuilder settings;
  final ManagedChannel channel;
  final Store store = new Store(this);

  /** Whether the server said that it keeps nothing. */
  volatile boolean keepOff;

  private final Connecting.Address address;
  private Executor ownThreads;

  Client(ClientBuilder settings) {
    this.settings = settings;
    this.address = Connecting.Address.of(settings.target);
    this.channel = Connecting.channel(address, settings);
  }

  /** A client of the server that IMAGEWIRE_TARGET names, else 127.0.0.1:50051. */
  public static Client create() {
    return builder().build();
  }

  /** A client of this server: see {@link ClientBuilder#target}. */
  public static Client create(String target) {
    return builder().target(target).build();
  }

  /** A client with options of your own. */
  public static ClientBuilder builder() {
    return new ClientBuilder();
  }

  /** Ends the client's connection, and every call that still runs. */
  @Override
  public void close() {
    channel.shutdownNow();
  }

  /** The server's address as gRPC has it. */
  public String target() {
    return address.target();
  }

  /** The same calls without waiting for them. */
  public AsyncClient async() {
    return new AsyncClient(this);
  }

  synchronized Executor executor() {
    if (settings.executor != null) {
      return settings.executor;
    }
    if (ownThreads == null) {
      ownThreads =
          Executors.newCachedThreadPool(
              work -> {
                var thread = new Thread(work, "imagewire");
                thread.setDaemon(true);
                return thread;
              });
    }
    return ownThreads;
  }

  /** Draws one picture. */
  public Image draw(String prompt) {
    return draw(prompt, new Options());
  }

  /**
   * Draws one picture. The options set the model, pictures to edit, and how the model draws.
   *
   * @throws ImagewireException.NoPicture if the answer has none
   */
  public Image draw(String prompt, Options options) {
    Answer answer = stream(prompt, options).collect();
    if (answer.image() == null) {
      throw answer.noPicture();
    }
    return answer.image();
  }

  /** Draws, and hands on what arrives. Nothing is sent before the stream is read. */
  public AnswerStream stream(String prompt) {
    return stream(prompt, new Options());
  }

  /** The same with options. */
  public AnswerStream stream(String prompt, Options options) {
    return stream(new Request(prompt, options, List.of()), null);
  }

  AnswerStream stream(Request request, Chat.Turn turn) {
    var asked = request.stream(settings);
    Context context = Context.current();
    return new AnswerStream(
        this, () -> new Asking(this, request.call(this, context), request, asked), turn);
  }

  /**
   * Draws, and gets the whole answer in one message: see {@link #createCompletion(String,
   * Options)}.
   */
  public Answer createCompletion(String prompt) {
    return createCompletion(prompt, new Options());
  }

  /**
   * Draws, and gets the whole answer in one message. What is too large for one message is fetched
   * apart, from a server that keeps answers. Use {@link #stream} for anything that may be large.
   */
  public Answer createCompletion(String prompt, Options options) {
    var request = new Request(prompt, options, List.of());
    var asked = request.unary(settings);
    try (Call call = request.call(this, Context.current())) {
      return new Asking(this, call, request, null).create(asked);
    }
  }

  /** Starts a chat with the default model. Nothing is sent yet. */
  public Chat chat() {
    return chat(new Options());
  }

  /** Starts a chat. The options go with every call. */
  public Chat chat(Options options) {
    return new Chat(this, requireNonNull(options, "options"), List.of());
  }

  /** Goes on with a chat that was saved, by whatever client. */
  public Chat chat(Spec saved) {
    Spec rest = requireNonNull(saved, "saved").toBuilder().clearMessages().build();
    return new Chat(this, new Options().spec(rest), saved.getMessagesList());
  }

  /**
   * Goes on with a chat that was saved as JSON, by whatever client.
   *
   * @throws IllegalArgumentException if the text is no such chat
   */
  public Chat chatFromJson(String saved) {
    return chat(Chat.parsed(requireNonNull(saved, "saved")));
  }

  /**
   * Reads an answer again that the server keeps, while it is drawn or long after. Nothing is drawn
   * anew.
   */
  public AnswerStream resume(Kept kept) {
    requireNonNull(kept, "kept");
    if ((kept.completionId() == null) == (kept.requestId() == null)) {
      throw Failure.invalid(
          "completion_id",
          "is needed, or request_id, and not both: name the answer by one of them");
    }
    var asked =
        ResumeCompletionRequest.newBuilder()
            .setAfterSequence(kept.afterSequence())
            .setOffset(kept.offset())
            .setMaxFrameBytes(settings.frame(0));
    if (kept.requestId() == null) {
      asked.setCompletionId(Checks.text("completion_id", kept.completionId()));
    } else {
      Request.checkUuid(kept.requestId());
      asked.setRequestId(kept.requestId());
    }
    Context context = Context.current();
    return new AnswerStream(
        this, () -> new Asking(this, call(context, settings.retries), asked.build()), null);
  }

  /** Gets an answer that the server keeps. If it is still drawn, this waits for its end. */
  public Answer getCompletion(Kept kept) {
    return resume(kept).collect();
  }

  private Call call(Context context, int retries) {
    return new Call(this, context, settings.timeout, false, retries);
  }

  private Call call() {
    return call(Context.current(), settings.retries);
  }

  /**
   * Stores a picture on the server. Requests that use it later name it, and its bytes go up once.
   * Large pictures of requests are uploaded without being asked.
   */
  public Image upload(Image picture) {
    if (requireNonNull(picture, "picture").data() == null) {
      throw Failure.invalid("picture", "has no bytes here: give the file itself");
    }
    try (Call call = call()) {
      return store.upload(call, Image.wrapped(picture.data()), picture.mimeType());
    }
  }

  /** Gets a picture that the server keeps, by its {@link Image#id}. */
  public Image download(String id) {
    try (Call call = call()) {
      return store.fetch(call, id);
    }
  }

  /**
   * Reads a picture that the server keeps while it arrives, from the byte at {@code offset}. The
   * bytes are checked at the end, against the SHA-256 only from offset 0: until then, they may be
   * damaged. Its methods throw an {@link java.io.IOException} whose cause is the {@link
   * ImagewireException}. Closing it ends the call, and no byte is read after that; one that is left
   * open holds its call until it is collected as garbage or the call's time is over.
   */
  public InputStream openDownload(String id, long offset) {
    Call call = call();
    var opened = store.new Download(call, id, offset);
    call.endWith(opened);
    return opened;
  }

  /** Removes a picture from the server. An answer that has it can no longer be resumed. */
  public void deleteImage(String id) {
    Store.checkId(id);
    try (Call call = call()) {
      var asked = DeleteImageRequest.newBuilder().setImageId(id).build();
      call.unary(ImageServiceGrpc.getDeleteImageMethod(), asked, false);
    }
  }

  /** All models that the server's table has. */
  public List<Model> listModels() {
    // The channel repeats it.
    try (Call call = call(Context.current(), 0)) {
      var models = new ArrayList<Model>();
      var asked = ListModelsRequest.newBuilder().setPageSize(1000);
      ListModelsResponse page;
      do {
        page = call.unary(ModelServiceGrpc.getListModelsMethod(), asked.build(), false);
        models.addAll(page.getModelsList());
        asked.setPageToken(page.getNextPageToken());
      } while (!page.getNextPageToken().isEmpty());
      return models;
    }
  }

  /** One model, by its name or an alias. */
  public Model getModel(String name) {
    Checks.text("name", requireNonNull(name, "name"));
    try (Call call = call(Context.current(), 0)) {
      var asked = GetModelRequest.newBuilder().setName(name).build();
      var said = call.unary(ModelServiceGrpc.getGetModelMethod(), asked, false);
      if (!said.hasModel()) {
        throw Failure.corrupt("the answer to GetModel has no model");
      }
      return said.getModel();
    }
  }

  /** Makes a call with the client's key, then asks for the server's health. */
  public Pong ping() {
    try (Call call = call(Context.current(), 0)) {
      return Health.ping(call);
    }
  }
}
