// Draws as a program in Node does, by the client or by the stub alone: bench/languages/__init__.py says how.
import { createClient } from "../../clients/typescript/node_modules/@connectrpc/connect/dist/esm/index.js";
import { createGrpcTransport } from "../../clients/typescript/node_modules/@connectrpc/connect-node/dist/esm/index.js";
import { Client } from "../../clients/typescript/dist/src/index.js";
import { ChatService, Role } from "../../clients/typescript/dist/src/v1.js";

const { BENCH_TARGET: target, BENCH_KEY: key, BENCH_SMALL, BENCH_LARGE, BENCH_SECONDS } = process.env;
const prompt = "Draw a banana";

// Each way: a small picture at once, and a large one as a stream. They give the bytes of the picture.
const ways = {
  client() {
    const client = new Client(target, { apiKey: key });
    return {
      small: async (model) => (await client.draw(prompt, { model })).data.length,
      async large(model) {
        let size = 0;
        for await (const piece of client.stream(prompt, { model }).picture()) size += piece.length;
        return size;
      },
    };
  },
  stub() {
    const stub = createClient(ChatService, createGrpcTransport({ baseUrl: `http://${target}` }));
    const options = { headers: { authorization: `Bearer ${key}` } };
    const spec = (model) => ({ model, messages: [{ role: Role.USER, content: prompt }] });
    return {
      async small(model) {
        const answer = await stub.createCompletion({ spec: spec(model) }, options);
        return answer.candidates[0].message.image.source.value.length;
      },
      async large(model) {
        let size = 0;
        for await (const { event } of stub.streamCompletion({ spec: spec(model) }, options))
          if (event.case === "imageChunk") size += event.value.data.length;
        return size;
      },
    };
  },
};

// Draws for so many seconds: the CPU seconds and the bytes of all pictures, and how many there were.
async function measure(draw, model, seconds) {
  const begun = performance.now();
  const before = process.cpuUsage();
  let [size, count] = [0, 0];
  while (count === 0 || performance.now() - begun < 1000 * seconds) {
    size += await draw(model);
    count += 1;
  }
  const { user, system } = process.cpuUsage(before);
  return { used: (user + system) / 1e6, size, count };
}

const { small, large } = ways[process.argv[2]]();
await measure(small, BENCH_SMALL, Number(BENCH_SECONDS));
const calls = await measure(small, BENCH_SMALL, Number(BENCH_SECONDS));
await measure(large, BENCH_LARGE, 0);
const streams = await measure(large, BENCH_LARGE, Number(BENCH_SECONDS));
const seen = {
  call_ms: (1000 * calls.used) / calls.count,
  small_bytes: calls.size / calls.count,
  mb_per_cpu: streams.size / 1e6 / streams.used,
  large_bytes: streams.size / streams.count,
};
console.log(JSON.stringify(seen));
process.exit();
