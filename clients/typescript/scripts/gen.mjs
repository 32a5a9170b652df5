// Makes the stubs in src/gen, or in the folder that is named. With --check: fails if they are not what the contract gives.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const committed = join(root, "src/gen");

function generate(into) {
  rmSync(into, { recursive: true, force: true });
  const template = readFileSync(join(root, "buf.gen.yaml"), "utf8").replace("out: src/gen", `out: ${into}`);
  execFileSync("node_modules/.bin/buf", ["generate", "--template", template], { cwd: root, stdio: "inherit" });
}

function files(folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = found.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(folder.length), readFileSync(path, "utf8")]));
}

if (process.argv.includes("--check")) {
  const made = mkdtempSync(join(tmpdir(), "imagewire-gen-"));
  try {
    generate(made);
    const [fresh, old] = [files(made), files(committed)];
    const stale = [...new Set([...fresh.keys(), ...old.keys()])].filter((path) => fresh.get(path) !== old.get(path));
    if (stale.length > 0) {
      console.error(`the stubs are out of date: run npm run gen and commit the result\n${stale.join("\n")}`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(made, { recursive: true });
  }
} else {
  generate(process.argv[2] ?? committed);
}
