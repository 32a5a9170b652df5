import { readFile } from "node:fs/promises";
import { env } from "node:process";
import { Client } from "imagewire";

// With "https://" alone, the authorities of Node are trusted. cert and key are for servers that ask for a certificate.
const client = new Client(env.IMAGEWIRE_TARGET, {
  tls: {
    ca: await readFile(env.CA ?? "ca.pem"),
    cert: env.CERT && (await readFile(env.CERT)),
    key: env.KEY && (await readFile(env.KEY)),
  },
});
console.log((await client.ping()).status);
client.close();
