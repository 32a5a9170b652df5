// Builds the pages that the server serves, into its package. With --check: fails if what is committed is another one.
// Files whose content does not change keep their names; the names have a hash, so browsers may keep them for ever.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const served = join(root, "../../service/imagewire_server/api/rest");
/** Where each page's sources are, and the folder that it is built into: REST's, and the operator's. */
const PAGES = { web: "page", "web/admin": "admin_page" };

async function bundled(sources, entry) {
  const { outputFiles } = await build({
    entryPoints: [join(root, sources, entry)],
    bundle: true,
    write: false,
    minify: true,
    keepNames: true, // an error is named for its class
    format: "esm",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
  });
  return outputFiles[0].contents;
}

/** A page's files by their names. */
async function made(sources) {
  const files = new Map();
  let page = readFileSync(join(root, sources, "index.html"), "utf8");
  const contents = {
    "icon.svg": readFileSync(join(root, "web/icon.svg")),
    "style.css": await bundled(sources, "style.css"),
    "main.js": await bundled(sources, "main.ts"),
  };
  for (const [name, content] of Object.entries(contents)) {
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    const [stem, suffix] = name.split(".");
    const hashed = `${stem}-${hash}.${suffix}`;
    page = page.replaceAll(`page/${name}`, `page/${hashed}`);
    files.set(hashed, Buffer.from(content));
  }
  return files.set("index.html", Buffer.from(page));
}

for (const [sources, folder] of Object.entries(PAGES)) {
  const fresh = await made(sources);
  const committed = join(served, folder);
  if (process.argv.includes("--check")) {
    const old = new Map(readdirSync(committed).map((name) => [name, readFileSync(join(committed, name))]));
    const stale = [...new Set([...fresh.keys(), ...old.keys()])].filter(
      (name) => !fresh.get(name)?.equals(old.get(name) ?? Buffer.of()),
    );
    if (stale.length > 0) {
      console.error(`${folder} is out of date: run npm run page and commit the result\n${stale.join("\n")}`);
      process.exitCode = 1;
    }
  } else {
    rmSync(committed, { recursive: true, force: true });
    mkdirSync(committed);
    for (const [name, content] of fresh) {
      writeFileSync(join(committed, name), content);
    }
  }
}
