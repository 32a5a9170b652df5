"""Generates the stubs that protos/buf.gen.yaml lists, and TypeScript's: python protos/generate.py [OUT].

OUT: an empty folder in place of the repository; each folder that is filled in it is printed, for `make gen-check`. A
generator whose toolchain is missing is left out and named; in CI that is an error.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
GO_TOOLS = ROOT / "clients/go/tools"
TYPESCRIPT = ROOT / "clients/typescript"
TYPESCRIPT_PLUGIN = "node_modules/.bin/protoc-gen-es"


def _install() -> str:
    """Install the pinned generators that their toolchains do not have yet. Returns the PATH that has them."""
    if go := shutil.which("go"):
        environ = {**os.environ, "GOBIN": str(GO_TOOLS / "build")}
        wanted = ("google.golang.org/protobuf/cmd/protoc-gen-go", "google.golang.org/grpc/cmd/protoc-gen-go-grpc")
        subprocess.run([go, "install", *wanted], cwd=GO_TOOLS, env=environ, check=True)
    return os.pathsep.join([str(GO_TOOLS / "build"), os.environ["PATH"]])


def main() -> None:
    """Generate what can be generated here."""
    out = Path(sys.argv[1]) if sys.argv[1:] else None
    path = _install()
    template = yaml.safe_load((ROOT / "protos/buf.gen.yaml").read_text())
    missing = [plugin["local"] for plugin in template["plugins"] if not shutil.which(plugin["local"], path=path)]
    node = shutil.which("node") if (TYPESCRIPT / TYPESCRIPT_PLUGIN).exists() else None
    if not node:
        missing.append(TYPESCRIPT_PLUGIN)
    if missing and os.environ.get("CI"):
        sys.exit(f"not installed: {', '.join(missing)}")
    if missing:
        print(f"left out, because they are not installed: {', '.join(missing)}", file=sys.stderr)
    template["plugins"] = [plugin for plugin in template["plugins"] if plugin["local"] not in missing]
    if template["plugins"]:
        buf = Path(sys.executable).parent / "buf"
        command = [buf, "generate", "protos", "--template", json.dumps(template), "--output", out or "."]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=True)
    if node:
        # Its stubs need Google's protos too, which Go and Python have as packages.
        into = [out.absolute() / "clients/typescript/src/gen"] if out else []
        subprocess.run([node, "scripts/gen.mjs", *into], cwd=TYPESCRIPT, check=True)
    if out:
        print(*sorted({str(file.parent.relative_to(out)) for file in out.rglob("*.*") if file.is_file()}), sep="\n")


if __name__ == "__main__":
    main()
