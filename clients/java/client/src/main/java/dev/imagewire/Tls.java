package dev.imagewire;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * Certificates as files in PEM.
 *
 * @param ca the authorities to trust; null for those of the system
 * @param cert the client's own certificate, with its chain, for servers that ask for one
 * @param key the private key of {@code cert}, in PKCS #8
 * @param serverName the name that the server's certificate must have; null for the target's
 */
public record Tls(Path ca, Path cert, Path key, String serverName) {
  /** Trusts an authority of your own. */
  public Tls(Path ca) {
    this(ca, null, null, null);
  }

  ChannelCredentials credentials() {
    if ((cert == null) != (key == null)) {
      throw Failure.invalid("tls", "cert and key go together; give both or neither");
    }
    TlsChannelCredentials.Builder made = TlsChannelCredentials.newBuilder();
    try {
      if (ca != null) {
        made.trustManager(new Trust(ca));
      }
      if (cert != null) {
        made.keyManager(cert.toFile(), key.toFile());
      }
    } catch (IOException unreadable) {
      throw new UncheckedIOException("a file of tls: " + unreadable.getMessage(), unreadable);
    }
    return made.build();
  }
}
