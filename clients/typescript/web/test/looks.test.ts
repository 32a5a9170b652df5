/** What the page looks like, for eyes and for screen readers: each state, in each width, light and dark. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ask, browser, drawn, LOCKED, opened } from "./browser.js";
import { FOLDER, looked } from "./looked.js";

const chromium = browser();

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [360, 768, 1440]) {
    void test(`${width} pixels, ${colorScheme}`, async () => {
      const options = {
        viewport: { width, height: width < 500 ? 740 : 900 },
        colorScheme,
        reducedMotion: "reduce" as const,
      };
      const page = await opened(chromium(), options);
      const name = (state: string) => `${width}-${colorScheme}-${state}`;
      await looked(page, name("empty"));
      await page.selectOption("#model", "gemini/gemini-3-pro-image");
      await page.locator("#ratio-field").waitFor();
      await page.selectOption("#ratio", "16:9");
      await ask(page, "A small fishing boat x-emulate: latency=120s");
      await page.locator("#cancel").waitFor();
      await looked(page, name("waiting"));
      await page.click("#cancel");
      await page.getByText("may be charged").waitFor();
      await looked(page, name("cancelled"));
      await drawn(page, "A lighthouse at dusk, in watercolour");
      await page.click("#edit");
      await looked(page, name("editing"));
      await drawn(page, "Add a small fishing boat in the foreground");
      await page.locator("#tree ul img").waitFor();
      await looked(page, name("done"));
      await page.click("#code summary");
      await page.getByRole("tab", { name: "curl", exact: true }).focus();
      await page.keyboard.press("ArrowRight");
      assert.match(await page.locator("#snippet").innerText(), /^import imagewire/);
      await looked(page, name("code"));
      await page.click("#code summary");
      await ask(page, "A storm x-emulate: 400");
      await page.locator("#problem").waitFor();
      await looked(page, name("error"));
      await page.close();
    });
  }

  void test(`the key, ${colorScheme}`, async () => {
    const page = await chromium().newPage({ colorScheme, viewport: { width: 768, height: 600 } });
    await page.goto(LOCKED);
    await page.getByRole("dialog").waitFor();
    await looked(page, `768-${colorScheme}-key`);
    await page.close();
  });
}

void test("all of it goes by keyboard", async () => {
  const page = await opened(chromium());
  const focused = () => page.evaluate(() => document.activeElement?.id ?? "");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "prompt");
  await page.keyboard.type("A lighthouse");
  await page.keyboard.press("Enter");
  await page.locator("#edit").waitFor();
  await page.locator("#edit").focus();
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "prompt");
  await page.keyboard.type("Make it night");
  await page.locator("#draw").focus();
  await page.keyboard.press("Enter");
  await page.locator("#tree ul button").waitFor();
  assert.equal(await focused(), "draw");
  const status = page.getByRole("status");
  assert.equal(await status.count(), 1);
  await page.close();
});

void test("the README's picture of it", async () => {
  const page = await opened(chromium(), { viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
  await page.selectOption("#model", "gemini/gemini-3-pro-image");
  await page.locator("#ratio-field").waitFor();
  await page.selectOption("#ratio", "16:9");
  await drawn(page, "A harbour in the morning mist");
  await drawn(page, "A lighthouse at dusk, in watercolour");
  await page.click("#edit");
  await drawn(page, "Add a small fishing boat");
  await page.locator("#tree ul img").waitFor();
  assert.equal(await page.locator("#tree img").count(), 3);
  await page.mouse.move(0, 0);
  if (FOLDER) {
    await page.screenshot({ path: join(FOLDER, "page.png") });
  }
  await page.close();
});
