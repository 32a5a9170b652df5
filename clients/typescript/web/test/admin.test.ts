/** The operator's page, beside a server that draws, fails, cools down and ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { browser, KEY, LOCKED, PAGE } from "./browser.js";
import { looked } from "./looked.js";

const chromium = browser();
const DOOMED = process.env.DOOMED_URL ?? "";

/** Draws over REST with a caller's key; the status of the answer. */
async function draw(model: string, prompt = "A lighthouse", key = KEY): Promise<number> {
  const answer = await fetch(`${LOCKED}v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key },
    body: JSON.stringify({ model, messages: [{ role: "user", content: prompt }] }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Opens the page, which is to have no error and to ask nobody else. */
async function opened(options: { url?: string; width?: number; colorScheme?: "light" | "dark" } = {}): Promise<Page> {
  const { url = PAGE, width = 1440, colorScheme = "light" } = options;
  const page = await chromium().newPage({ viewport: { width, height: width < 500 ? 740 : 900 }, colorScheme });
  page.setDefaultTimeout(60_000);
  page.on("pageerror", (error) => {
    throw error;
  });
  page.on("request", (request) => {
    assert.equal(new URL(request.url()).origin, new URL(url).origin);
  });
  page.on("console", (message) => {
    assert.doesNotMatch(message.text(), /Content Security Policy|TrustedHTML/);
  });
  await page.goto(url);
  return page;
}

/** The cells of the row whose header begins like this. */
function row(page: Page, table: string, header: string) {
  return page.locator(`#${table} tbody tr`).filter({ has: page.locator("th", { hasText: header }) });
}

void test("rows appear while one looks, with their exact times, and what is in them is text", async () => {
  const page = await opened();
  await page.getByText("Ready").waitFor();
  assert.equal(await page.locator("#calls tbody").innerText(), "No call has ended yet.");
  assert.equal(await draw("draw"), 200);
  const first = page.locator("#calls tbody tr", { has: page.locator("time") });
  await first.waitFor();
  await row(page, "deployments", "<img src=x onerror=alert(1)>").waitFor();
  const text = await first.innerText();
  assert.match(text, /OK/);
  assert.match(text, /\/v1\/chat\/completions\s+POST/);
  assert.match(text, /team/);
  assert.match(text, /\$0\.0\d+/);
  const time = first.locator("time");
  assert.ok(Math.abs(Date.parse((await time.getAttribute("datetime")) ?? "") - Date.now()) < 120_000);
  assert.match((await time.getAttribute("title")) ?? "", /\d\d:\d\d/);
  const team = await row(page, "callers", "team").innerText();
  assert.match(team, /of \$1\.00 left/);
  assert.match(team, /10 calls at once/);
  assert.match(await row(page, "spend", "gemini/gemini-2.5-flash-image").innerText(), /\$0\.0\d+/);
  assert.ok(!(await page.content()).includes(KEY));
  assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [
    0,
    0,
    "",
  ]);
  await page.close();
});

void test("a cooldown is shown, with its reason", async () => {
  const page = await opened();
  assert.match(await row(page, "deployments", "sick").innerText(), /Available/);
  assert.notEqual(await draw("sick"), 200);
  await row(page, "deployments", "sick").getByText("Cooling down").waitFor();
  const text = await row(page, "deployments", "sick").innerText();
  assert.match(text, /as the provider asked/);
  assert.match(text, /UPSTREAM_RATE_LIMITED/);
  await page.close();
});

void test("it asks while it is seen, and not while it is paused or hidden; what does not change stays", async () => {
  const page = await chromium().newPage();
  page.setDefaultTimeout(60_000);
  let asked = 0;
  page.on("request", (request) => (asked += Number(request.url().endsWith("/status"))));
  const answered = () => page.waitForResponse((response) => response.url().endsWith("/status"));
  await page.clock.install();
  await Promise.all([answered(), page.goto(PAGE)]);
  await page.locator("#deployments tbody tr").first().waitFor();
  const cell = await page.locator("#deployments tbody th span").first().elementHandle();
  assert.ok(cell);
  await Promise.all([answered(), page.clock.runFor(2000)]);
  await Promise.all([answered(), page.clock.runFor(2000)]);
  assert.ok(await cell.evaluate((element) => element.isConnected));
  const hide = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await page.locator("#updated", { hasText: "just now" }).waitFor();
  await hide(true);
  let before = asked;
  await page.clock.runFor(60_000);
  assert.equal(asked, before);
  await Promise.all([answered(), hide(false)]);
  await page.getByRole("button", { name: "Pause" }).focus();
  await page.keyboard.press("Enter");
  await page.locator("#updated", { hasText: /Paused at \d/ }).waitFor();
  before = asked;
  await page.clock.runFor(60_000);
  assert.equal(asked, before);
  await Promise.all([answered(), page.getByRole("button", { name: "Go on" }).click()]);
  assert.equal(await page.getByRole("status").count(), 0, "nothing is read aloud every two seconds");
  await page.close();
});

void test("a server that fails is told once, and that it is back", async () => {
  const page = await opened();
  await page.getByText("Ready").waitFor();
  const alert = page.getByRole("alert");
  await page.route("**/status", (route) => route.fulfill({ status: 500, body: "no" }));
  await alert.waitFor();
  assert.match(await alert.innerText(), /status 500/);
  await page.unroute("**/status");
  await alert.waitFor({ state: "hidden" });
  await page.close();
});

/** From now on the page is told something else of the server. */
async function retold(page: Page, server: Record<string, unknown>): Promise<void> {
  await page.route("**/status", async (route) => {
    const response = await route.fetch();
    const told = (await response.json()) as { server: Record<string, unknown> };
    await route.fulfill({ response, json: { ...told, server: { ...told.server, ...server } } });
  });
}

void test("one of several workers says what is its own; a server that stops says so", async () => {
  const page = await opened();
  await page.getByText("Ready").waitFor();
  assert.ok(await page.locator("#scope").isHidden());
  await retold(page, { workers: 4, process: 77, state: "stopping" });
  await page.getByText("Stopping").waitFor();
  assert.match(
    await page.locator("#scope").innerText(),
    /those of process 77, one of 4; counts and costs are of all\./,
  );
  await page.close();
});

void test("a server of another version has another page", async () => {
  const page = await opened();
  await page.getByText("Ready").waitFor();
  const loaded = page.waitForEvent("load");
  await retold(page, { version: "99.0" });
  await loaded;
  await page.getByText("99.0").waitFor();
  await page.close();
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [360, 768, 1440]) {
    void test(`${width} pixels, ${colorScheme}`, async () => {
      await draw("draw");
      await draw("draw", "A storm x-emulate: 400");
      await draw("half");
      const page = await opened({ width, colorScheme });
      await page.locator("#calls tbody tr").nth(2).waitFor();
      await looked(page, `admin-${width}-${colorScheme}`, true);
      await page.route("**/status", (route) => route.abort());
      await page.getByRole("alert").waitFor();
      await looked(page, `admin-${width}-${colorScheme}-gone`);
      await page.close();
    });
  }
}

void test("a server that has ended is told, and since when the figures are old", async () => {
  const page = await opened({ url: DOOMED });
  await page.getByText("Ready").waitFor();
  assert.ok(await page.getByRole("alert").isHidden());
  process.kill(Number(process.env.DOOMED_PID), "SIGKILL");
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /The server is gone\s+Since \d.*:\d\d:\d\d.* it does not answer\. All figures/);
  assert.ok(await alert.locator("time").getAttribute("datetime"));
  assert.match(await page.title(), /^gone/);
  assert.ok(await page.locator("#deployments").isVisible());
  await page.close();
});
