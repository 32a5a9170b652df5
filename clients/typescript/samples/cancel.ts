import { Cancelled, Client } from "imagewire";

const client = new Client();
const controller = new AbortController();
try {
  for await (const event of client.stream("A lighthouse", { signal: controller.signal, onDisconnect: "cancel" })) {
    if (event.type === "data") {
      controller.abort(); // to leave the loop with `break` cancels the call too
    }
  }
} catch (error) {
  console.log(error instanceof Cancelled);
}
client.close();
