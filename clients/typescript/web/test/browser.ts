/** Debian's Chromium, the page in it, and what the emulator saw. The addresses are in the environment. */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";

function environment(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: tests/clients/test_page.py starts these tests`);
  return value;
}

/** Where the page is, where one is that asks for KEY, and the emulator behind both. */
export const PAGE = environment("PAGE_URL");
export const LOCKED = environment("LOCKED_URL");
export const KEY = environment("PAGE_KEY");
const EMULATOR = environment("EMULATOR_URL");

/** The browser, for the tests of a module: it starts before them and ends with them. further: more of its flags. */
export function browser(...further: string[]): () => Browser {
  let started: Browser | undefined;
  before(async () => {
    const args = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb", ...further];
    started = await chromium.launch({ executablePath: environment("CHROMIUM"), args });
  });
  after(() => started?.close());
  return () => {
    assert.ok(started);
    return started;
  };
}

export type Options = Parameters<Browser["newPage"]>[0];

/** Opens the page in a profile of its own, which is to have no error. The models are there when it returns. */
export async function opened(from: Browser, options: Options = {}, url = PAGE): Promise<Page> {
  const page = await from.newPage({ viewport: { width: 1440, height: 900 }, ...options });
  page.setDefaultTimeout(60_000);
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.goto(url);
  await hasModels(page);
  return page;
}

export async function hasModels(page: Page): Promise<void> {
  await page.locator("#model option[value^='gemini/']").first().waitFor({ state: "attached" });
}

/** Asks for a picture, and does not wait for it. */
export async function ask(page: Page, prompt: string, model = "gemini/gemini-3-pro-image"): Promise<void> {
  await page.selectOption("#model", model);
  await page.fill("#prompt", prompt);
  await page.click("#draw");
}

/** Asks for a picture, and waits until it is whole. */
export async function drawn(page: Page, prompt: string, model?: string): Promise<void> {
  await ask(page, prompt, model);
  await page.locator("#edit").waitFor();
}

/** A call as the emulator saw it. */
export interface Entry {
  outcome: string;
  path: string;
  images: { sha256: string }[];
  body: { contents: { role: string; parts: Record<string, unknown>[] }[]; generationConfig?: unknown };
}

/** The emulator's calls so far. */
export async function calls(): Promise<Entry[]> {
  return (await (await fetch(`${EMULATOR}/_emulator/requests`)).json()) as Entry[];
}

/** The emulator's last call. */
export async function lastCall(): Promise<Entry> {
  const last = (await calls()).at(-1);
  assert.ok(last);
  return last;
}

/** What the page keeps of the last drawing. */
export async function lastEntry(page: Page): Promise<Record<string, unknown>> {
  const kept = await page.evaluate(() => sessionStorage.getItem("imagewire.session"));
  const entry = (JSON.parse(kept ?? "[]") as Record<string, unknown>[]).at(-1);
  assert.ok(entry);
  return entry;
}
