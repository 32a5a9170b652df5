"""The Java client: its format, its own tests, its samples against a started server, and its README's first program."""

import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.authority import Authority
from tests.clients.java import FOLDER, build, command, maven, sources
from tests.compat.conftest import needs
from tests.conformance import cases
from tests.conformance.languages import java
from tests.conformance.running import printed
from tests.conformance.servers import Server
from tests.conftest import running_stack
from tests.integration import processes
from tests.stubs.languages import run

pytestmark = pytest.mark.timeout(600)  # A first run compiles the stubs, and has Maven fetch its plugins.

FORMATTER = "com.google.googlejavaformat:google-java-format:1.28.0:jar:all-deps"
PNG = b"\x89PNG"
# What each sample prints, and the files that it leaves.
SAMPLES = {
    "Draw": (r"", {"banana.png"}),
    "StreamToFile": (r"\d{6,} bytes, image/png\n", {"banana.png"}),
    "Publish": (r"\d{6,} bytes\n", set()),
    "Edit": (r"(.*\n(A red bicycle|Make it blue|Add a basket): 1024 x 1024\n){3}", set()),
    "Errors": (r"no such model\n", set()),
    "Cancel": (r"cancelled\n", set()),
    "TimeLimit": (r"too late\n", set()),
    "Resume": (r"true\n", set()),
    "Many": (r"((banana|cherry|lemon|plum)\.png\n){4}", {"banana.png", "cherry.png", "lemon.png", "plum.png"}),
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("kept")
    with processes.emulator() as emulator, processes.server(emulator.address, keep_dir=str(folder)) as server:
        yield server.address


def _environ(target: str) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("IMAGEWIRE_")}
    return {**environ, "IMAGEWIRE_TARGET": target}


def _printed(program: list[str | Path], folder: Path, target: str) -> str:
    ended = subprocess.run(
        program, cwd=folder, env=_environ(target), capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_runs(name: str, target: str, tmp_path: Path) -> None:
    printing, files = SAMPLES[name]
    assert re.fullmatch(printing, _printed([*command("samples"), name], tmp_path, target))
    assert {path.name for path in tmp_path.iterdir()} == files
    assert all(path.read_bytes().startswith(PNG) for path in tmp_path.iterdir())


def test_the_sample_of_tls_runs(tmp_path: Path) -> None:
    authority = Authority("samples")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    cert, key = authority.issue("draw.example.com").write(tmp_path, "server")
    authority.issue(name="client").write(tmp_path, "client")
    tls = {"tls_cert": str(cert), "tls_key": str(key), "tls_client_ca": str(tmp_path / "ca.pem")}
    with processes.emulator() as emulator, processes.server(emulator.address, keep="off", **tls) as server:
        assert _printed([*command("samples"), "Secure"], tmp_path, server.address) == "SERVING\n"


def test_the_sample_of_a_web_page_runs(target: str) -> None:
    program = [*command("samples"), "WebPage", "0"]
    with subprocess.Popen(program, env=_environ(target), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with urllib.request.urlopen(url) as page:  # noqa: S310  # loopback
                assert b"banana.png" in page.read()
            with urllib.request.urlopen(f"{url}banana.png") as picture:  # noqa: S310  # loopback
                assert picture.read().startswith(PNG)
        finally:
            process.terminate()


async def test_a_unix_socket_is_a_target(tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/socket"
    async with running_stack(grpc=address) as stack:
        server = Server(stack, {"CONFORMANCE_TARGET": address})
        (said,) = (await printed(java(), server, [cases.FOLDER / "ping.json"]))["ping"]
    assert said["status"] == "SERVING"


def test_every_sample_has_a_test() -> None:
    assert {path.stem for path in FOLDER.glob("samples/**/*.java")} == {*SAMPLES, "Secure", "WebPage"}


def _empty_project(folder: Path) -> Path:
    """A project that depends on the client as its README says, and has its first program; returns its source."""
    xml, code = re.findall(r"```(?:xml|java)\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)[:2]
    source = folder / "src/main/java/Draw.java"
    source.parent.mkdir(parents=True)
    source.write_text(code)
    (folder / "pom.xml").write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>empty</artifactId>"
        "<version>1</version><properties><maven.compiler.release>17</maven.compiler.release></properties>"
        f"<dependencies>{xml}</dependencies></project>"
    )
    return source


def _install(folder: Path) -> tuple[str, ...]:
    """Install the client in a repository of its own, as Maven does; returns Maven's arguments for it.

    Everything else is copied from the repository that built the client.
    """
    said = folder / "usual"
    evaluate = "org.apache.maven.plugins:maven-help-plugin:3.5.1:evaluate"
    maven("-N", evaluate, "-Dexpression=settings.localRepository", f"-Doutput={said}")
    settings = folder / "settings.xml"
    settings.write_text(
        f"<settings><mirrors><mirror><id>usual</id><mirrorOf>*</mirrorOf><url>file://{said.read_text()}</url></mirror></mirrors>"
        "</settings>"
    )
    given = (f"-Dmaven.repo.local={folder / 'repository'}", "--settings", str(settings))
    for module, name in (("", "imagewire-parent"), ("protos", "imagewire-protos"), ("client", "imagewire")):
        place = folder / f"repository/dev/imagewire/{name}/0.1.0/{name}-0.1.0"
        place.parent.mkdir(parents=True)
        shutil.copy(FOLDER / module / "pom.xml", f"{place}.pom")
        if module:
            shutil.copy(FOLDER / module / f"build/{place.name}.jar", f"{place}.jar")
    return given


def test_the_readmes_first_program_runs_in_an_empty_project(target: str, tmp_path: Path) -> None:
    build()
    project = tmp_path / "empty"
    source = _empty_project(project)
    given = _install(tmp_path)
    compiler = "org.apache.maven.plugins:maven-compiler-plugin:3.14.1:compile"
    path = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"
    maven(*given, compiler, path, f"-Dmdep.outputFile={tmp_path / 'path'}", folder=project)
    classes = f"{project / 'target/classes'}{os.pathsep}{(tmp_path / 'path').read_text()}"
    _printed([needs("java"), "-cp", classes, source.stem], project, target)
    assert (project / "banana.png").read_bytes().startswith(PNG)


def test_a_module_uses_the_client(target: str, tmp_path: Path) -> None:
    build()
    (code,) = re.findall(r"```java\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)[:1]
    needed = re.findall(r"`(--add-modules) (\S+)`", (FOLDER / "README.md").read_text())[0]
    (tmp_path / "Draw.java").write_text(f"package app;\n{code}")
    module = '@SuppressWarnings("requires-automatic")\nmodule app {\n  requires dev.imagewire;\n}\n'
    (tmp_path / "module-info.java").write_text(module)
    jars = FOLDER / "samples/build/lib"
    strict = ("-Xlint:all", "-Werror", "-p", jars, "-d", tmp_path / "app")
    run(needs("javac"), *strict, tmp_path / "module-info.java", tmp_path / "Draw.java")
    folder = tmp_path / "run"
    folder.mkdir()
    path = f"{jars}{os.pathsep}{tmp_path / 'app'}"
    _printed([needs("java"), "-p", path, *needed, "-m", "app/app.Draw"], folder, target)
    assert (folder / "banana.png").read_bytes().startswith(PNG)


def test_the_format() -> None:
    folder = FOLDER / "build"
    maven(
        "-N",
        "dependency:copy",
        f"-Dartifact={FORMATTER}",
        f"-DoutputDirectory={folder}",
        "-Dmdep.overWriteReleases=false",
    )
    parts = ("api", "code", "file", "main", "parser", "tree", "util")
    exports = [f"--add-exports=jdk.compiler/com.sun.tools.javac.{part}=ALL-UNNAMED" for part in parts]
    (jar,) = folder.glob("google-java-format-1.28.0*.jar")
    assert run(needs("java"), *exports, "-jar", jar, "--dry-run", *sources()) == ""


def test_its_own_tests() -> None:
    build()
    maven("-pl", "protos,client", "test")
    reports = [path.read_text() for path in (FOLDER / "client/build").glob("surefire-reports/*.xml")]
    assert sum(report.count("<testcase ") for report in reports) > 10
    assert not any("<skipped" in report for report in reports)


def test_the_compiler_warns_of_everything() -> None:
    for path in FOLDER.glob("*/pom.xml"):
        if path.parent.name != "protos":  # generated
            assert {"-Xlint:all", "-Werror"} <= set(re.findall(r"<arg>(.*?)</arg>", path.read_text()))


def test_it_needs_few_libraries() -> None:
    dependencies = [
        each
        for module in ("protos", "client")
        for each in re.findall(r"<dependency>(.*?)</dependency>", (FOLDER / module / "pom.xml").read_text(), re.DOTALL)
        if "<scope>test</scope>" not in each
    ]
    grpc = {"grpc-netty-shaded", "grpc-protobuf", "grpc-stub"}
    needed = {re.findall(r"<artifactId>(.*?)</artifactId>", each)[0] for each in dependencies}
    assert needed == {*grpc, "protobuf-java", "protobuf-java-util", "imagewire-protos"}
