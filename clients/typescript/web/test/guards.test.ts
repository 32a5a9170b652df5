/** What the page may not, and what others may not with it. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { ask, browser, calls, drawn, hasModels, KEY, LOCKED, opened, PAGE } from "./browser.js";

const chromium = browser("--host-resolver-rules=MAP rebound.example 127.0.0.1");
const DRAW = "/imagewire.v1.ChatService/CreateCompletion";
const BODY = JSON.stringify({
  spec: { model: "gemini/gemini-2.5-flash-image", messages: [{ role: 2, content: "No" }] },
});

void test("the key is asked for, kept in memory alone, and asked for again after a reload", async () => {
  const page = await chromium().newPage();
  page.setDefaultTimeout(60_000);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(LOCKED);
  await page.getByLabel("Key", { exact: true }).fill("sk-wrong");
  await page.keyboard.press("Enter");
  await page.getByText("The server did not take this key.").waitFor();
  await page.getByLabel("Key", { exact: true }).fill(KEY);
  await page.keyboard.press("Enter");
  await hasModels(page);
  await drawn(page, "A lighthouse");
  const stored = await page.evaluate(async () =>
    JSON.stringify([
      Object.entries(sessionStorage),
      Object.entries(localStorage),
      document.cookie,
      location.href,
      await indexedDB.databases(),
      document.documentElement.outerHTML,
    ]),
  );
  assert.ok(stored.includes("A lighthouse"));
  assert.ok(!stored.includes(KEY));
  assert.ok(!asked.some((url) => url.includes(KEY)));
  await page.click("#code summary");
  for (const tab of await page.getByRole("tab").all()) {
    await tab.click();
    assert.ok(!(await page.locator("#snippet").innerText()).includes(KEY));
  }
  await page.reload();
  await page.getByRole("dialog").waitFor();
  await page.getByLabel("Key", { exact: true }).fill(KEY);
  await page.keyboard.press("Enter");
  await page.locator("#canvas img[alt='A lighthouse']").waitFor();
  await page.close();
});

void test("nothing is loaded from elsewhere, and no text runs as code", async () => {
  const page = await chromium().newPage();
  const elsewhere: string[] = [];
  const broken: string[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "blob:" && url.origin !== new URL(PAGE).origin) {
      elsewhere.push(url.href);
    }
  });
  page.on("console", (message) => {
    if (message.type() === "error") {
      broken.push(message.text());
    }
  });
  await page.goto(PAGE);
  await hasModels(page);
  const prompt = "<img src=x onerror=alert(1)><script>alert(1)</script>";
  await drawn(page, prompt);
  await page.reload();
  await page.locator("#canvas img").waitFor();
  assert.equal(await page.locator("#tree .name").innerText(), prompt);
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(broken, [], "Chromium reports what the policy forbids");
  const markup = await page.evaluate(() => {
    try {
      document.body.innerHTML = "<p>no</p>";
      return "markup";
    } catch (error) {
      return (error as Error).name;
    }
  });
  assert.equal(markup, "TypeError");
  await page.close();
});

void test("a page of another origin cannot draw", async () => {
  const other = createServer((_, response) => response.setHeader("content-type", "text/html").end("<p>Another</p>"));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  after(() => other.close());
  const page = await chromium().newPage();
  await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
  const before = (await calls()).length;
  for (const kind of ["application/json", "text/plain", "application/x-www-form-urlencoded"]) {
    for (const mode of ["cors", "no-cors"] as const) {
      const said = await page.evaluate(
        async ([url, body, type, how]) => {
          try {
            const headers = { "content-type": type };
            const answer = await fetch(url, { method: "POST", body, headers, mode: how });
            return answer.type === "opaque" ? "unread" : "read";
          } catch (error) {
            return (error as Error).name;
          }
        },
        [PAGE + DRAW.slice(1), BODY, kind, mode] as const,
      );
      assert.notEqual(said, "read", `${kind} ${mode}`);
    }
  }
  // A browser tells the end of a frame's loading also of one that it has refused.
  await page.evaluate(async (url) => {
    const frame = Object.assign(document.createElement("iframe"), { src: url });
    await new Promise((loaded) => {
      frame.addEventListener("load", loaded);
      document.body.append(frame);
    });
  }, PAGE);
  assert.equal(page.frames()[1]?.url().startsWith(PAGE), false);
  assert.equal((await calls()).length, before);
  await page.close();
});

void test("a name that was bound to this machine anew cannot draw", async () => {
  const page = await chromium().newPage();
  const before = (await calls()).length;
  await page.goto(`http://rebound.example:${new URL(PAGE).port}/`);
  await page.getByText("rest_hosts").waitFor();
  const status = await page.evaluate(
    async ([path, body]) => {
      const headers = { "content-type": "application/json" };
      return (await fetch(path, { method: "POST", headers, body })).status;
    },
    [DRAW, BODY] as const,
  );
  assert.equal(status, 403);
  assert.equal((await calls()).length, before);
  await page.close();
});

void test("leaving while it draws is asked about", async () => {
  const page = await opened(chromium());
  const asks = () =>
    page.evaluate(() => {
      const event = new Event("beforeunload", { cancelable: true });
      dispatchEvent(event);
      return event.defaultPrevented;
    });
  assert.equal(await asks(), false);
  await ask(page, "A slow one x-emulate: drip=120s");
  await page.locator("#canvas img").waitFor();
  assert.equal(await asks(), true);
  await page.click("#cancel");
  await page.getByText("may be charged").waitFor();
  assert.equal(await asks(), false);
  await page.close();
});
