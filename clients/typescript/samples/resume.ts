import { Client } from "imagewire";

// A connection that breaks is resumed by itself. This is for another process, or for later.
const client = new Client();
const requestId = crypto.randomUUID();
let last = { sequence: 0, bytes: 0 };
for await (const event of client.stream("A lighthouse", { requestId, onDisconnect: "keep" })) {
  if (event.type === "data") {
    last = { sequence: event.sequence, bytes: event.offset + event.data.length };
    break;
  }
}
const rest = client.resume({ requestId }, { afterSequence: last.sequence, offset: last.bytes });
for await (const event of rest) {
  if (event.type === "data") {
    last.bytes = event.offset + event.data.length;
  }
}
const whole = await client.getCompletion({ requestId });
console.log(whole.image?.sizeBytes === last.bytes);
client.close();
