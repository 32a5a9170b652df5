/** What a page looks like to screen readers, by axe, and to eyes. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures of the page go, if anywhere. */
export const FOLDER = process.env.PAGE_SHOTS;

interface Found {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  passes: unknown[];
}

/** Fails where axe finds something; writes a picture where a folder is named. all: also of what is scrolled out of sight. */
export async function looked(page: Page, name: string, all = false): Promise<void> {
  await page.evaluate(AXE);
  const found = await page.evaluate(
    async () => (await (globalThis as unknown as { axe: { run(): unknown } }).axe.run()) as Found,
  );
  const told = found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
  );
  assert.deepEqual(told, [], name);
  assert.ok(found.passes.length > 15);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${name}: ${wide} pixels too wide`);
  if (FOLDER) {
    await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: all });
  }
}
