package dev.imagewire;

import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How a client connects. */
final class Connecting {
  private static final String DEFAULT_TARGET = "127.0.0.1:50051";
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(\\[[\\w:.%]+\\]|[^\\s:/@?#\\[\\],]+)(?::(\\d{1,5}))?");
  private static final int MOST_PORT = 65535;
  // What a server may send ahead of the reader in each stream. gRPC's own grows to 8 MiB, and stays
  // so: a few streams with slow readers would fill the memory.
  private static final int WINDOW = 512 << 10;
  // gRPC's own limit is 8 KiB, but an error names up to 64 wrong fields, in the trailers.
  private static final int MOST_METADATA = 256 << 10;
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
      boolean secure = target.startsWith("https://");
      if (target.startsWith("unix:") && target.length() > 5) {
        return new Address(target, false);
      } else if (secure || target.startsWith("http://")) {
        String rest = target.substring(target.indexOf("//") + 2).replaceFirst("/$", "");
        if (isHostAndPort(rest)) {
          boolean complete = rest.matches(".*:\\d+");
          String port = complete ? "" : secure ? ":443" : ":80";
          return new Address("dns:///" + rest + port, secure);
        }
        // Not the target itself: in front of an @ there may be a password.
        throw Failure.invalid(
            "target", "gRPC knows a host and a port and nothing more; write https://host:port");
      }
      String rest = target.startsWith("dns:///") ? target.substring(7) : target;
      if (!isHostAndPort(rest)) {
        throw Failure.invalid(
            "target", "is no server's address; write host:port, https://host or unix:/path");
      }
      return new Address("dns:///" + rest, false);
    }

    private static boolean isHostAndPort(String text) {
      Matcher found = HOST_AND_PORT.matcher(text);
      return found.matches()
          && (found.group(2) == null || Integer.parseInt(found.group(2)) <= MOST_PORT);
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
        Grpc.newChannelBuilder(uri(address.target()), credentials)
            .userAgent("imagewire-java/" + Client.VERSION)
            .defaultServiceConfig(SERVICE_CONFIG)
            .disableServiceConfigLookUp()
            .maxInboundMessageSize(settings.maxMessageBytes)
            .maxInboundMetadataSize(MOST_METADATA)
            // A model may think in silence for minutes: pings tell a dead peer from a busy one.
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(10, TimeUnit.SECONDS)
            .intercept(settings.interceptors);
    if (made instanceof NettyChannelBuilder netty) {
      netty.flowControlWindow(WINDOW);
      if (address.target().startsWith("unix:")) {
        netty.withOption(ChannelOption.SO_KEEPALIVE, null); // which gRPC sets, for TCP
      }
    }
    if (tls != null && tls.serverName() != null) {
      made.overrideAuthority(tls.serverName());
    }
    ManagedChannel channel = made.build();
    watch(channel, FIRST_PAUSE_MS);
    return channel;
  }

  // The brackets of an IPv6 address are none of a path's characters.
  private static String uri(String target) {
    return target.replace("%", "%25").replace("[", "%5B").replace("]", "%5D");
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
