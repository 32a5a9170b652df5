/**
 * Reads sixteen pictures of 20 MB at once while they arrive, and prints how much memory that needs: memory.js PORT.
 *
 * Node must run with --expose-gc: it frees buffers that nobody needs only when they have come to 64 MB, so what a process
 * has is mostly what it has not looked at yet.
 */
import { memoryUsage } from "node:process";
import { Client } from "../src/index.js";

const STREAMS = 16;
/** How often memory is measured: in bytes that have come. */
const EVERY = 8 * 2 ** 20;

const client = new Client(`127.0.0.1:${process.argv[2] ?? ""}`);
/** Node's own objects, and the client's code. */
const before = needed();
let come = 0;
let most = 0;

/** How many bytes the process needs. */
function needed(): number {
  global.gc?.();
  const { heapUsed, external } = memoryUsage();
  return heapUsed + external;
}

async function read(): Promise<number> {
  let size = 0;
  for await (const data of client.stream("A banana").picture()) {
    size += data.length;
    come += data.length;
    if (come >= EVERY) {
      come = 0;
      most = Math.max(most, needed());
    }
  }
  return size;
}

const sizes = await Promise.all(Array.from({ length: STREAMS }, read));
client.close();
console.log(JSON.stringify({ sizes, before, most }));
