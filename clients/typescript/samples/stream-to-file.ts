import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client } from "imagewire";

// The bytes go to the file while they arrive, checked at the end: where pipeline throws, the file is not to be used.
const client = new Client();
const picture = client.stream("A lighthouse at dusk").picture();
const file = createWriteStream("lighthouse.png");
await pipeline(Readable.from(picture), file);
console.log(`${file.bytesWritten} bytes`);
client.close();
