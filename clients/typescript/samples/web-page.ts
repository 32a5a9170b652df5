import { createServer } from "node:http";
import { Client, ImagewireError } from "imagewire";

// A page whose picture appears while it is drawn. It goes through without being held.
const client = new Client();
const page = `<!doctype html><form><input name="prompt"><button>Draw</button></form>
<script>const p = new URLSearchParams(location.search).get("prompt");
if (p) document.body.append(Object.assign(new Image(), { src: "/picture?prompt=" + encodeURIComponent(p) }));</script>`;

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  if (pathname !== "/picture") {
    response.setHeader("content-type", "text/html").end(page);
    return;
  }
  void (async () => {
    const gone = new AbortController();
    response.on("close", () => {
      gone.abort();
    });
    try {
      const stream = client.stream(searchParams.get("prompt") ?? "", { signal: gone.signal });
      for await (const data of stream.picture()) {
        if (!response.write(data)) {
          await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
        }
      }
      response.end();
    } catch (error) {
      if (response.headersSent) {
        response.destroy(); // the picture is not whole
      } else {
        response.writeHead(502).end(error instanceof ImagewireError ? error.message : "");
      }
    }
  })();
});
server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  const address = server.address();
  console.log(`http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}/`);
});
