package dev.imagewire;

import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** How a client connects. */
final class Connecting {
  private static final String DEFAULT_TARGET = "127.0.0.1:50051";
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(\\[[\\w:.%]+\\]|[^\\s:/@?#\\[\\],]+)(:\\d{1,5})?");
  private static final long FIRST_PAUSE_MS = 200;
  private static final long LONGEST_PAUSE_MS = 1000;

  // A call that draws is never repeated by the channel: UNAVAILABLE without trailers may mean a
  // server that died after the provider had charged. Looking up models is free.
  private static final Map<String, ?> SERVICE_CONFIG =
      Map.of(
          "methodConfig",
          List.of(
              Map.of(
                  "name",
                  List.of(Map.of("service", "imagewire.v1.ModelService")),
                  "retryPolicy",
                  Map.of(
                      "maxAttempts",
                      3.0,
                      "initialBackoff",
                      "0.6s",
                      "maxBackoff",
                      "2s",
                      "backoffMultiplier",
                      2.0,
                      "retryableStatusCodes",
                      List.of("UNAVAILABLE")))));

  private Connecting() {}

  /** An address as gRPC takes it, and whether it asks for TLS. */
  record Address(String target, boolean secure) {
    static Address of(String given) {
      String target = given == null || given.isEmpty() ? System.getenv("IMAGEWIRE_TARGET") : given;
      if (target == null || target.isEmpty()) {
        target = DEFAULT_TARGET;
      }
      if (!target.startsWith("http://") && !target.startsWith("https://")) {
        String bare = target.startsWith("dns:///") ? target.substring(7) : target;
        if (target.startsWith("unix:") && target.length() > 5) {
          return new Address(target, false);
        } else if (!HOST_AND_PORT.matcher(bare).matches()) {
          throw Failure.invalid(
              "target", "is no server's address; write host:port, https://host or unix:/path");
        }
        return new Address("dns:///" + bare, false);
      }
      boolean secure = target.startsWith("https://");
      try {
        URI parsed = new URI(target);
        String path = parsed.getPath();
        if (parsed.getHost() != null
            && parsed.getUserInfo() == null
            && parsed.getQuery() == null
            && parsed.getFragment() == null
            && (path.isEmpty() || path.equals("/"))) {
          int port = parsed.getPort() >= 0 ? parsed.getPort() : secure ? 443 : 80;
          return new Address("dns:///" + parsed.getHost() + ":" + port, secure);
        }
      } catch (URISyntaxException unreadable) {
        // As below.
      }
      // Not the target itself: in front of an @ there may be a password.
      throw Failure.invalid(
          "target", "gRPC knows a host and a port and nothing more; write https://host:port");
    }
  }

  static ManagedChannel channel(Address address, ClientBuilder settings) {
    Tls tls = settings.tls;
    ChannelCredentials credentials = InsecureChannelCredentials.create();
    if (tls != null) {
      credentials = tls.credentials();
    } else if (address.secure()) {
      credentials = TlsChannelCredentials.create();
    }
    var made =
        Grpc.newChannelBuilder(address.target(), credentials)
            .userAgent("imagewire-java/" + Client.VERSION)
            .defaultServiceConfig(SERVICE_CONFIG)
            .disableServiceConfigLookUp()
            .maxInboundMessageSize(settings.maxMessageBytes)
            // A model may think in silence for minutes: pings tell a dead peer from a busy one.
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(10, TimeUnit.SECONDS)
            .intercept(settings.interceptors);
    if (tls != null && tls.serverName() != null) {
      made.overrideAuthority(tls.serverName());
    }
    ManagedChannel channel = made.build();
    watch(channel, FIRST_PAUSE_MS);
    return channel;
  }

  // gRPC's own back-off begins at a second and grows to two minutes. Here a server that is back is
  // found within two seconds.
  private static void watch(ManagedChannel channel, long pause) {
    ConnectivityState state = channel.getState(false);
    if (state == ConnectivityState.TRANSIENT_FAILURE) {
      channel.resetConnectBackoff();
      long next = Math.min(pause * 8 / 5, LONGEST_PAUSE_MS);
      CompletableFuture.delayedExecutor(pause, TimeUnit.MILLISECONDS)
          .execute(() -> watch(channel, next));
    } else if (state != ConnectivityState.SHUTDOWN) {
      channel.notifyWhenStateChanged(
          state,
          () ->
              CompletableFuture.delayedExecutor(FIRST_PAUSE_MS, TimeUnit.MILLISECONDS)
                  .execute(() -> watch(channel, FIRST_PAUSE_MS)));
    }
  }
}
