/** What browsers have, and have not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { client } from "./fake.js";

await test("a page that came without TLS, where crypto.randomUUID is missing, can call", async () => {
  const own = Object.getOwnPropertyDescriptor(Crypto.prototype, "randomUUID");
  assert.ok(own);
  const seen: string[] = [];
  Object.defineProperty(Crypto.prototype, "randomUUID", { value: undefined, configurable: true });
  try {
    const made = client({
      models: {
        listModels: (_, { requestHeader }) => {
          seen.push(requestHeader.get("x-request-id") ?? "");
          return {};
        },
      },
    });
    await made.listModels();
    await made.listModels();
  } finally {
    Object.defineProperty(Crypto.prototype, "randomUUID", own);
  }
  for (const id of seen) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  assert.equal(new Set(seen).size, 2);
});
