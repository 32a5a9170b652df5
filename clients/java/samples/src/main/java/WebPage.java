// Serves a web page whose picture is sent on while it is drawn: http://127.0.0.1:8080/
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.imagewire.AnswerStream;
import dev.imagewire.Client;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

public class WebPage {
  private static final Client CLIENT = Client.create();

  public static void main(String[] args) throws IOException {
    int port = args.length > 0 ? Integer.parseInt(args[0]) : 8080;
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", exchange -> page(exchange));
    server.createContext("/banana.png", exchange -> picture(exchange));
    server.start();
    System.out.println("http://127.0.0.1:" + server.getAddress().getPort() + "/");
  }

  private static void page(HttpExchange exchange) throws IOException {
    byte[] page = "<img src=\"banana.png\">".getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("content-type", "text/html");
    exchange.sendResponseHeaders(200, page.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(page);
    }
  }

  private static void picture(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("content-type", "image/png");
    exchange.sendResponseHeaders(200, 0);
    // A browser that leaves ends the drawing: to write fails, and the stream is closed.
    try (AnswerStream stream = CLIENT.stream("A banana")) {
      stream.transferTo(exchange.getResponseBody());
      exchange.close(); // not where that fails: a picture that is cut is no whole one
    }
  }
}
