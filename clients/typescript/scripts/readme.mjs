// Puts the samples into README.md. With --check: fails if it is not what samples/page.md and the samples give.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const read = (name) => readFileSync(join(root, name), "utf8");
const made = read("samples/page.md").replace(/^<!-- (samples\/.*) -->$/gm, (_, name) => read(name).trimEnd());
if (!process.argv.includes("--check")) {
  writeFileSync(join(root, "README.md"), made);
} else if (read("README.md") !== made) {
  console.error("README.md is out of date: run npm run readme and commit the result");
  process.exitCode = 1;
}
