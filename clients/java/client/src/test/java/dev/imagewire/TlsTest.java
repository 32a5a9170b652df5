package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A handshake that fails is told, and was never a call. */
class TlsTest {
  @TempDir private Path folder;

  /** A certificate that signs itself, from so many days ago, for two days. */
  private void make(String name, int daysAgo) throws IOException, InterruptedException {
    List<String> common =
        List.of("-alias", "own", "-storepass", "secret", "-keystore", file(name, "p12").toString());
    keytool(
        common,
        ("-genkeypair -keyalg EC -validity 2 -dname CN=" + name + " -ext san=ip:127.0.0.1")
            + (" -startdate -" + daysAgo + "d"));
    keytool(common, "-exportcert -rfc -file " + file(name, "pem"));
  }

  private Path file(String name, String suffix) {
    return folder.resolve(name + "." + suffix);
  }

  private static void keytool(List<String> common, String rest)
      throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(rest.split(" ")));
    command.addAll(common);
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), said);
  }

  private FakeServer server(String name, ClientAuth clients) throws Exception {
    var keys = KeyStore.getInstance("PKCS12");
    try (InputStream stored = Files.newInputStream(file(name, "p12"))) {
      keys.load(stored, "secret".toCharArray());
    }
    var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(keys, "secret".toCharArray());
    var credentials =
        TlsServerCredentials.newBuilder()
            .keyManager(factory.getKeyManagers())
            .trustManager(file(name, "pem").toFile())
            .clientAuth(clients)
            .build();
    return new FakeServer(0, credentials, FakeServer.ANSWERS);
  }

  private static Image draw(FakeServer server, Path ca) {
    var made = Client.builder().target("127.0.0.1:" + server.port()).tls(new Tls(ca));
    try (server;
        var client = made.build()) {
      return client.draw("A banana");
    }
  }

  @Test
  void anAuthorityThatHasExpiredIsNotTrusted() throws Exception {
    make("old", 10);
    make("new", 1);
    var failed =
        assertThrows(
            ImagewireException.Unavailable.class,
            () -> draw(server("old", ClientAuth.NONE), file("old", "pem")));
    assertTrue(failed.getMessage().contains("expired"), failed.getMessage());
    assertTrue(failed.isRetryable()); // nothing was sent
    // Beside others in the file, an old one does no harm.
    Path both = folder.resolve("both.pem");
    Files.writeString(
        both, Files.readString(file("old", "pem")) + Files.readString(file("new", "pem")));
    assertNotNull(draw(server("new", ClientAuth.NONE), both));
  }

  @Test
  void aServerOfAnotherNameOrThatWantsACertificateIsToldAsUnsent() throws Exception {
    make("one", 0);
    make("two", 0);
    assertNotNull(draw(server("one", ClientAuth.NONE), file("one", "pem")));
    for (var each : List.of(ClientAuth.NONE, ClientAuth.REQUIRE)) {
      Path ca = file(each == ClientAuth.NONE ? "two" : "one", "pem");
      var failed =
          assertThrows(ImagewireException.Unavailable.class, () -> draw(server("one", each), ca));
      assertTrue(failed.isRetryable(), failed.getMessage());
      assertTrue(failed.getMessage().contains("certificate"), failed.getMessage());
      assertTrue(!failed.getMessage().contains("charged"), failed.getMessage());
    }
  }
}
