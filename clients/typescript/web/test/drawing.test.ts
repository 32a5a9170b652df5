/** A person draws, edits, cancels, sees an error and comes back. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { ask, browser, calls, drawn, lastCall, lastEntry, opened } from "./browser.js";

const chromium = browser();
/** One pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** The SHA-256 of what the page saves. */
async function saved(page: Page): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
  return createHash("sha256")
    .update(await readFile(await download.path()))
    .digest("hex");
}

/** Whether the picture on the stage shows something in its first row. */
async function isPainted(page: Page): Promise<boolean> {
  return page.locator("#canvas img").evaluate((image) => (image as HTMLImageElement).naturalWidth > 0);
}

void test("it draws with what the model takes, and says what it cost", async () => {
  const page = await opened(chromium());
  await page.selectOption("#model", "gemini/gemini-2.5-flash-image");
  await page.locator("#ratio-field").waitFor();
  assert.ok(await page.locator("#size-field").isHidden(), "this model takes no size");
  await page.selectOption("#model", "gemini/gemini-3-pro-image");
  await page.locator("#size-field").waitFor();
  assert.deepEqual(await page.locator("#size option").allTextContents(), ["Default", "1K", "2K", "4K"]);
  await page.selectOption("#ratio", "16:9");
  await page.selectOption("#size", "1K");
  await page.fill("#prompt", "A lighthouse");
  await page.keyboard.press("Enter");
  await page.locator("#edit").waitFor();
  const call = await lastCall();
  assert.deepEqual((call.body.generationConfig as Record<string, unknown>).imageConfig, {
    aspectRatio: "16:9",
    imageSize: "1K",
  });
  assert.equal(await saved(page), call.images[0]?.sha256);
  const facts = await page.locator("#facts").innerText();
  assert.match(facts, /Cost\s+\$0\.\d+/);
  assert.match(facts, /Tokens\s+[\d,]+/);
  assert.match(facts, /1360 × 768/);
  assert.equal(await page.locator("#canvas img").getAttribute("alt"), "A lighthouse");
  await page.close();
});

void test("the picture can be seen before the model has sent all of it; Cancel ends the call at Google", async () => {
  const page = await opened(chromium());
  await ask(page, "A slow one x-emulate: drip=120s");
  await page.locator("#canvas img").waitFor();
  assert.equal((await lastCall()).outcome, "open");
  assert.ok(await isPainted(page));
  assert.match(await page.locator("#live").innerText(), /kB|MB|bytes/);
  await page.click("#cancel");
  await page.getByText("may be charged").waitFor();
  while ((await lastCall()).outcome === "open") {
    await new Promise((resolve) => setTimeout(resolve, 10)); // between two questions to another process
  }
  assert.equal((await lastEntry(page)).state, "cancelled");
  assert.ok(await page.locator("#draw").isEnabled());
  await page.close();
});

void test("an edit sends the chat with its picture; both are a tree, also after a reload", async () => {
  const page = await opened(chromium());
  await drawn(page, "A red bicycle");
  const first = await saved(page);
  await page.click("#edit");
  await page.getByText("What to change").waitFor();
  await drawn(page, "Make it blue");
  const second = await saved(page);
  assert.notEqual(first, second);
  const { body } = await lastCall();
  assert.deepEqual(
    body.contents.map(({ role }) => role),
    ["user", "model", "user"],
  );
  assert.ok(body.contents[1]?.parts.some((part) => "inlineData" in part || "inline_data" in part));
  const before = (await calls()).length;
  await page.reload();
  await page.locator("#tree ul li").getByText("Make it blue").waitFor();
  assert.equal(await page.locator("#tree > li").count(), 1);
  // The last one is on the stage; its file comes from the server's keep, and nothing is drawn.
  await page.locator("#canvas img").waitFor();
  await page.locator("#download").waitFor();
  assert.equal(await saved(page), second);
  await page.locator("#tree > li > button").click();
  await page.locator("#canvas img[alt='A red bicycle']").waitFor();
  await page.waitForFunction(
    () => document.getElementById("download")?.getAttribute("download") === "a-red-bicycle.png",
  );
  assert.equal(await saved(page), first);
  assert.equal(await page.locator("#tree img").count(), 2);
  assert.equal((await calls()).length, before);
  await page.close();
});

void test("pictures are chosen, dropped and pasted, and go with the prompt", async () => {
  const page = await opened(chromium());
  const bytes = [...Buffer.from(PNG, "base64")];
  await page.setInputFiles("#files", { name: "one.png", mimeType: "image/png", buffer: Buffer.from(bytes) });
  for (const kind of ["drop", "paste"]) {
    await page.evaluate(
      ([given, type]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(given)], `${type}.png`, { type: "image/png" }));
        const init = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(
          type === "drop"
            ? new DragEvent("drop", { ...init, dataTransfer: data })
            : new ClipboardEvent("paste", { ...init, clipboardData: data }),
        );
      },
      [bytes, kind] as const,
    );
  }
  assert.equal(await page.locator("#attachments li").count(), 3);
  await page.getByLabel("Remove drop.png").click();
  await page.setInputFiles("#files", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no") });
  await page.getByText("notes.txt: models take").waitFor();
  // Browsers tell no type of these.
  await page.setInputFiles("#files", { name: "phone.HEIC", mimeType: "", buffer: Buffer.from("no") });
  await page.getByLabel("Remove phone.HEIC").click();
  await drawn(page, "Put a hat on it");
  const parts = (await lastCall()).body.contents.at(-1)?.parts ?? [];
  assert.equal(parts.filter((part) => "inlineData" in part || "inline_data" in part).length, 2);
  assert.equal(await page.locator("#attachments li").count(), 0);
  await page.close();
});

void test("drafts can be looked at beside the final picture", async () => {
  const page = await opened(chromium());
  await drawn(page, "A banana x-emulate: drafts");
  const labels = page.locator("#drafts button");
  await page.getByRole("button", { name: "Final" }).waitFor();
  assert.match((await labels.allInnerTexts()).join(), /Draft 1/);
  const final = await saved(page);
  const old = await page.locator("#canvas img").getAttribute("src");
  const file = await page.locator("#download").getAttribute("href");
  await labels.first().click();
  await page.waitForFunction((src) => document.querySelector("#canvas img")?.getAttribute("src") !== src, old);
  await page.waitForFunction((href) => document.querySelector("#download")?.getAttribute("href") !== href, file);
  assert.deepEqual(
    [await saved(page), final],
    (await lastCall()).images.map(({ sha256 }) => sha256),
  );
  await page.close();
});

void test("an error says what happened, whether it cost, and how to go on", async () => {
  const page = await opened(chromium());
  await ask(page, "A storm x-emulate: 400");
  const problem = page.getByRole("alert").filter({ hasText: "Nothing was charged" });
  await problem.waitFor();
  assert.match(await problem.innerText(), /In the server's log: [0-9a-f-]{36}/);
  await page.getByRole("button", { name: "Use the prompt again" }).click();
  assert.equal(await page.inputValue("#prompt"), "A storm x-emulate: 400");
  await ask(page, "A storm x-emulate: safety");
  await page.getByText("A filter stopped it").waitFor();
  assert.equal((await lastEntry(page)).state, "failed");
  await ask(page, "A storm x-emulate: cut@50%");
  await page.getByText("The provider's answer is not whole").waitFor();
  await page.getByText("may have been charged").waitFor();
  assert.ok(await page.locator("#download").isHidden(), "half a picture is none");
  await ask(page, "A storm x-emulate: 404");
  await page.getByText("The provider refused the call: ").waitFor();
  await page.selectOption("#model", { label: "Another model…" });
  await page.fill("#other-model", "<b>x</b>");
  await page.click("#draw");
  await page.getByText(/^spec\.model: must be a model name/).waitFor();
  await page.close();
});

void test("a model that is not listed can be named", async () => {
  const page = await opened(chromium());
  await page.selectOption("#model", { label: "Another model…" });
  await page.fill("#other-model", "gemini/emulator-4k");
  await page.fill("#prompt", "Large");
  await page.click("#draw");
  await page.locator("#edit").waitFor();
  assert.match(await page.locator("#facts").innerText(), /4096 × 4096/);
  await page.close();
});
