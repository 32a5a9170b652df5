// Connects by TLS, with a certificate of its own.
import dev.imagewire.Client;
import dev.imagewire.Tls;
import java.nio.file.Path;

public class Secure {
  public static void main(String[] args) {
    Tls files = new Tls(Path.of("ca.pem"), Path.of("client.pem"), Path.of("client.key"), null);
    // Without tls(), "https://host" connects by TLS too, and trusts the authorities of the JVM.
    try (Client client = Client.builder().tls(files).build()) {
      System.out.println(client.ping().status());
    }
  }
}
