// Connects by TLS, with a certificate of its own.
import dev.imagewire.Client;
import dev.imagewire.Tls;
import java.nio.file.Path;

public class Secure {
  public static void main(String[] args) {
    Path ca = Path.of("ca.pem"); // null: the authorities that the JVM trusts
    // The last one is the name in the server's certificate; null where it is the target's.
    Tls files = new Tls(ca, Path.of("client.pem"), Path.of("client.key"), "draw.example.com");
    // Without tls(), "https://host" connects by TLS too.
    try (Client client = Client.builder().tls(files).build()) {
      System.out.println(client.ping().status());
    }
  }
}
