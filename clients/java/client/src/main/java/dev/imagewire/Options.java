package dev.imagewire;

import static java.util.Objects.requireNonNull;

import dev.imagewire.v1.OnDisconnect;
import dev.imagewire.v1.Spec;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What a call that draws says beside the prompt, or all calls of a {@link Chat}. Options do not
 * change: each method returns others, which say this too. Null is the default for a model and a
 * time; elsewhere it is a {@link NullPointerException} with the argument's name.
 */
public final class Options {
  private final List<Consumer<Request>> said;

  /** Nothing yet. */
  public Options() {
    this(List.of());
  }

  private Options(List<Consumer<Request>> said) {
    this.said = said;
  }

  private Options with(Consumer<Request> more) {
    return new Options(Stream.concat(said.stream(), Stream.of(more)).toList());
  }

  /** These options, and then those, which win. */
  public Options and(Options others) {
    return new Options(
        Stream.concat(said.stream(), requireNonNull(others, "options").said.stream()).toList());
  }

  void apply(Request request) {
    said.forEach(each -> each.accept(request));
  }

  /**
   * The model to ask. Default: the environment variable IMAGEWIRE_MODEL, else {@link
   * Client#DEFAULT_MODEL}.
   */
  public Options model(String name) {
    return with(request -> request.model = name);
  }

  /** Pictures to edit. They stand in front of the prompt. */
  public Options images(Image... pictures) {
    requireNonNull(pictures, "pictures");
    Stream.of(pictures).forEach(each -> requireNonNull(each, "pictures"));
    return with(request -> request.images.addAll(List.of(pictures)));
  }

  /** Width to height, for example "16:9". */
  public Options aspectRatio(String ratio) {
    requireNonNull(ratio, "ratio");
    return with(request -> request.own.getImageConfigBuilder().setAspectRatio(ratio));
  }

  /** "512", "1K", "2K" or "4K". */
  public Options imageSize(String size) {
    requireNonNull(size, "size");
    return with(request -> request.own.getImageConfigBuilder().setImageSize(size));
  }

  /**
   * Everything else that a request may say, as the contract has it: earlier messages, tools,
   * sampling, safety settings and so on. The prompt comes behind its messages.
   */
  public Options spec(Spec spec) {
    requireNonNull(spec, "spec");
    return with(request -> request.base = spec);
  }

  /**
   * Names what is drawn by a UUID of your own: the same call made again with it is not drawn and
   * paid again. {@link Client#resume} and {@link Client#getCompletion} find the answer by it too.
   */
  public Options requestId(String uuid) {
    requireNonNull(uuid, "uuid");
    return with(request -> request.requestId = uuid);
  }

  /** What happens if you leave before the answer is whole. Default: the server's setting. */
  public Options onDisconnect(OnDisconnect wish) {
    requireNonNull(wish, "wish");
    return with(request -> request.onDisconnect = wish);
  }

  /**
   * Takes an answer of yours to the same request that is no older than this, at no cost; zero draws
   * in any case. Default: the server's setting, usually zero.
   */
  public Options cacheTtl(Duration age) {
    return with(request -> request.cacheTtl = age);
  }

  /** The most bytes of a picture in one event: 16 KiB to 2 MiB. Default: 256 KiB. */
  public Options maxFrameBytes(int most) {
    return with(request -> request.maxFrameBytes = most);
  }

  /**
   * The most bytes of the answer of {@link Client#createCompletion}. Default: what the client takes
   * in one message.
   */
  public Options maxInlineBytes(int most) {
    return with(request -> request.maxInlineBytes = most);
  }

  /** The time for the call, all its attempts together; zero for no limit. Default: the client's. */
  public Options timeout(Duration limit) {
    return with(request -> request.timeout = limit);
  }
}
