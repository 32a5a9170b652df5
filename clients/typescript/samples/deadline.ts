import { Client, DeadlineExceeded } from "imagewire";

const client = new Client(undefined, { timeoutMs: 120_000 }); // for each call, all its attempts together
try {
  await client.draw("A lighthouse", { model: "gemini/emulator-latency-60000", timeoutMs: 500 });
} catch (error) {
  console.log(error instanceof DeadlineExceeded && error.charged);
}
client.close();
