"""Builds what the registries of each language take: python clients/packages.py OUT.

OUT gets `python` (the wheel), `npm` (the client, and the .proto files), `go` (a module, as a proxy serves it) and
`maven` (the jars of the stubs and of the client, in the layout of a repository). All of it is made of what git knows
of, in a folder of its own. A language whose toolchain is missing is left out and named; in CI that is an error.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLIENTS = ROOT / "clients"
VERSION: str = tomllib.loads((CLIENTS / "python/pyproject.toml").read_text())["project"]["version"]
GO_MODULE = "github.com/imagewire/imagewire/clients/go"
MAVEN = {"protos": "imagewire-protos", "client": "imagewire"}


def _files(folder: str) -> list[Path]:
    """What git knows of in a folder of the repository, by the names from its root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", folder]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # git
    return [Path(name) for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


def _copied(into: Path, *folders: str) -> None:
    for name in (name for folder in folders for name in _files(folder)):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, into / name)


def _run(*command: str | Path, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True)


def _python(work: Path, out: Path) -> None:
    _copied(work, "clients/python")
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index")
    _run(sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", out, "clients/python", cwd=work)


def _npm(work: Path, out: Path) -> None:
    _copied(work, "clients/typescript", "protos")
    typescript = work / "clients/typescript"
    (typescript / "node_modules").symlink_to(CLIENTS / "typescript/node_modules")
    _run("npm", "run", "--silent", "build", cwd=typescript)
    shutil.copyfile(ROOT / "LICENSE", work / "protos/LICENSE")
    out.mkdir(parents=True)
    for folder in (typescript, work / "protos"):
        _run("npm", "pack", "--silent", "--pack-destination", out, cwd=folder)


def _go(_: Path, out: Path) -> None:
    versions = out / GO_MODULE / "@v"
    versions.mkdir(parents=True)
    name = f"v{VERSION}"
    names = _files("clients/go")
    # A folder with a go.mod of its own is another module.
    apart = {path.parent for path in names if path.name == "go.mod"} - {Path("clients/go")}
    with zipfile.ZipFile(versions / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(ROOT / "LICENSE", f"{GO_MODULE}@{name}/LICENSE")
        for path in names:
            if not apart & set(path.parents):
                archive.write(ROOT / path, f"{GO_MODULE}@{name}/{path.relative_to('clients/go')}")
    shutil.copyfile(CLIENTS / "go/go.mod", versions / f"{name}.mod")
    (versions / f"{name}.info").write_text(f'{{"Version": "{name}"}}')
    (versions / "list").write_text(f"{name}\n")


def _maven(work: Path, out: Path) -> None:
    _copied(work, "clients/java", "protos")
    java = work / "clients/java"
    _run("mvn", "--batch-mode", "--quiet", "-DskipTests", "-pl", ",".join(MAVEN), "package", cwd=java)
    poms = {"imagewire-parent": java / "pom.xml"} | {MAVEN[name]: java / name / "pom.xml" for name in MAVEN}
    for artifact, pom in poms.items():
        folder = out / "dev/imagewire" / artifact / VERSION
        folder.mkdir(parents=True)
        shutil.copyfile(pom, folder / f"{artifact}-{VERSION}.pom")
    for name, artifact in MAVEN.items():
        jar = f"{artifact}-{VERSION}.jar"
        shutil.copyfile(java / name / "build" / jar, out / "dev/imagewire" / artifact / VERSION / jar)


# By the registry: what makes its packages, and the program that it needs.
PACKAGES: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "python": (_python, sys.executable),
    "npm": (_npm, "npm"),
    "go": (_go, "git"),
    "maven": (_maven, "mvn"),
}


def main(out: Path) -> None:
    """Build all that can be built here into an empty folder."""
    for name, (build, program) in PACKAGES.items():
        if not shutil.which(program):
            said = f"left out, because {program} is not installed: the packages for {name}"
            if os.environ.get("CI"):
                sys.exit(said)
            print(said, file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as work:
            build(Path(work), out / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
