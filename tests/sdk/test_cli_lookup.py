"""imagewire models, ping and show; the shells' completion; and that the command starts at once."""

import hashlib
import json
import re
import subprocess
import sys
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import imagewire
from imagewire.cli import models
from imagewire.v1 import model_service_pb2_grpc
from imagewire.v1.model_service_pb2 import Choices, ListModelsResponse, Model, Price
from tests import forked
from tests.sdk.command import COMMAND, environ, run
from tests.sdk.conftest import Script, scripted


def test_models_are_a_table(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "models")
    heading, *rows = ended.stdout.decode().splitlines()
    assert heading.split() == ["MODEL", "SIZES", "RATIOS", "EDITS", "$/M"]
    (pro,) = [row for row in rows if row.startswith("gemini/gemini-3-pro-image ")]
    assert pro.split()[1:4] == ["1K", "2K", "4K"]
    assert pro.split()[-2:] == ["14", "120"]


def test_models_as_json_are_one_a_line(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "models", "--json")
    told = {line["name"]: line for line in map(json.loads, ended.stdout.splitlines())}
    assert told["gemini/gemini-3-pro-image"]["image_sizes"] == ["1K", "2K", "4K"]
    assert told[imagewire.DEFAULT_MODEL]["price"]["image_output_usd_per_million"] == 30.0


class Known(model_service_pb2_grpc.ModelServiceServicer):
    """A model of which all is known and one that takes nothing, one of which nothing is known."""

    def ListModels(self, request: Any, context: Any) -> ListModelsResponse:
        none = Model(name="none", image_sizes=Choices(), aspect_ratios=Choices(), max_input_images=0, price=Price())
        return ListModelsResponse(models=[none, Model(name="unknown")])


def test_unknown_and_none_differ(tmp_path: Path) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Known(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        table = run(tmp_path, f"127.0.0.1:{port}", "models").stdout.decode()
        lines = run(tmp_path, f"127.0.0.1:{port}", "models", "--json").stdout.splitlines()
    finally:
        server.stop(0).wait()
    rows = [row.split() for row in table.splitlines()[1:]]
    assert rows == [["none", "none", "none", "none", "0"], ["unknown", "?", "?", "?", "?"]]
    none, unknown = map(json.loads, lines)
    for name, value in {"image_sizes": [], "aspect_ratios": [], "max_input_images": 0}.items():
        assert (none[name], unknown[name]) == (value, None)
    assert none.keys() == unknown.keys() == {field.name for field in Model.DESCRIPTOR.fields}
    assert (none["thinking_levels"], none["system_instruction"], unknown["price"]) == (None, None, None)


def test_ping_tells_health_version_and_latency(tmp_path: Path, target: str) -> None:
    where, status, name, version, number, unit = run(tmp_path, target, "ping").stdout.decode().split()
    assert (where, status, name, version, unit) == (target, "SERVING", "imagewire", "0.1.0", "ms")
    assert 0 < float(number) < 10_000
    told = json.loads(run(tmp_path, target, "ping", "--json").stdout)
    assert (told["status"], told["version"]) == ("SERVING", "0.1.0")
    assert 0 < told["seconds"] < 10


class Models(model_service_pb2_grpc.ModelServiceServicer):
    def ListModels(self, request: Any, context: Any) -> ListModelsResponse:
        return ListModelsResponse()


def test_ping_fails_where_no_calls_are_taken(tmp_path: Path) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(), server)
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        ended = run(tmp_path, f"127.0.0.1:{port}", "ping")
        told = run(tmp_path, f"127.0.0.1:{port}", "ping", "--json")
    finally:
        server.stop(0).wait()
    assert (ended.returncode, told.returncode) == (4, 4)
    assert b"NOT_SERVING" in ended.stdout
    assert b"takes no calls now" in ended.stderr
    assert json.loads(told.stdout)["status"] == json.loads(told.stderr)["error"]["code"] == "NOT_SERVING"


@pytest.mark.parametrize("command", ["ping", "models"])
def test_no_server_is_told(tmp_path: Path, command: str) -> None:
    with scripted(Script()) as gone:
        pass
    ended = run(tmp_path, gone, command)
    assert (ended.returncode, ended.stdout) == (4, b"")
    assert b"imagewire-server serve" in ended.stderr
    assert json.loads(run(tmp_path, gone, command, "--json").stderr)["error"]["code"] == "UNAVAILABLE"


def test_show_tells_what_a_picture_says_of_itself(tmp_path: Path) -> None:
    said = PngInfo()
    said.add_text("Software", "a \x1b]0;painter")
    said.add(b"caBX", b"jumb c2pa")
    exif = Image.Exif()
    exif[0x010E] = "A cat"
    Image.new("RGBA", (40, 30)).save(tmp_path / "a.png", pnginfo=said, exif=exif)
    sha256 = hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    told = json.loads(run(tmp_path, "127.0.0.1:1", "show", "a.png", "--json").stdout)
    assert told == {
        "file": "a.png",
        "format": "PNG",
        "mime_type": "image/png",
        "width": 40,
        "height": 30,
        "size_bytes": (tmp_path / "a.png").stat().st_size,
        "sha256": sha256,
        "text": {"Software": "a \x1b]0;painter"},
        "exif": {"ImageDescription": "A cat"},
        "c2pa": True,
    }
    first, *rest = run(tmp_path, "127.0.0.1:1", "show", "a.png").stdout.decode().splitlines()
    assert first == f"a.png  PNG  40x30  {told['size_bytes'] / 1000:.1f} kB  sha256 {sha256}"
    assert rest == [
        "Software: a \ufffd]0;painter",
        "ImageDescription: A cat",
        "C2PA: holds a manifest of its origin",
    ]


@pytest.mark.parametrize(("kind", "mime_type"), [("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")])
def test_show_knows_other_formats(tmp_path: Path, kind: str, mime_type: str) -> None:
    Image.new("RGB", (8, 4), "red").save(tmp_path / "a", kind)
    told = json.loads(run(tmp_path, "127.0.0.1:1", "show", "a", "--json").stdout)
    assert (told["format"], told["mime_type"], told["width"], told["height"]) == (kind, mime_type, 8, 4)
    assert told["c2pa"] is False


def test_show_finds_a_manifest_in_a_jpeg(tmp_path: Path) -> None:
    Image.new("RGB", (8, 4), "red").save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    body = b"JP\x00\x01jumb...c2pa"
    segment = b"\xff\xeb" + (len(body) + 2).to_bytes(2, "big") + body
    (tmp_path / "a.jpg").write_bytes(data[:2] + segment + data[2:])
    assert json.loads(run(tmp_path, "127.0.0.1:1", "show", "a.jpg", "--json").stdout)["c2pa"] is True


@pytest.mark.parametrize("name", ["none.png", "words.png", "cut.png", ".", "/dev/zero"])
def test_show_says_what_is_no_picture(tmp_path: Path, name: str) -> None:
    (tmp_path / "words.png").write_text("words")
    Image.effect_noise((64, 64), 50).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    ended = run(tmp_path, "127.0.0.1:1", "show", name)
    assert (ended.returncode, ended.stdout, ended.stderr.count(b"\n")) == (2, b"", 1)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_complete(tmp_path: Path, shell: str) -> None:
    script = run(tmp_path, "127.0.0.1:1", _IMAGEWIRE_COMPLETE=f"source_{shell}").stdout.decode()
    assert f"_IMAGEWIRE_COMPLETE=complete_{shell}" in script
    asked = {
        "_IMAGEWIRE_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "imagewire d",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "imagewire d",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    assert "draw" in re.findall(r"\w+", run(tmp_path, "127.0.0.1:1", **asked).stdout.decode())


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_name_is_broken_where_the_terminal_is_narrow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    names = ["gemini/gemini-3.1-flash-lite-image-preview", "vertex_ai/a-name-of-a-deployment-that-is-rather-long"]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    ratios = Choices(values=["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:8", "8:1"])
    models._print([Model(name=name, aspect_ratios=ratios) for name in names])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert [name for name in names if any(name in line for line in lines)] == names


# what is typed, what is offered
COMPLETED: list[tuple[str, set[str]]] = [
    ("draw x -m gemini/gemini-3-pro", {"gemini/gemini-3-pro-image"}),
    ("draw x -m gemini/gemini-3-pro-image --size ", {"1K", "2K", "4K"}),
    ("draw x --size ", {"512", "1K", "2K", "4K"}),
    ("draw x --aspect-ratio 16", {"16:9"}),
    ("chat --service-tier f", {"flex"}),
]


@pytest.mark.parametrize(("typed", "offered"), COMPLETED, ids=[row[0] for row in COMPLETED])
def test_models_and_what_they_take_are_completed(tmp_path: Path, target: str, typed: str, offered: set[str]) -> None:
    words = f"imagewire {typed}"
    asked = {"_IMAGEWIRE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    assert set(run(tmp_path, target, **asked).stdout.decode().split()) == offered


def test_completion_without_a_server_is_silent(tmp_path: Path) -> None:
    asked = {"_IMAGEWIRE_COMPLETE": "complete_bash", "COMP_WORDS": "imagewire draw x -m g", "COMP_CWORD": "4"}
    ended = run(tmp_path, "127.0.0.1:1", **asked)
    assert (ended.stdout.strip(), ended.stderr) == (b"", b"")


def loaded(code: str) -> set[str]:
    """The heavy modules that are loaded after some code."""
    heavy = ("grpc", "google.protobuf", "rich", "PIL", "textual_image", "asyncio")
    told = f"{code}\nimport sys; print(*[name for name in {heavy!r} if name in sys.modules], sep='\\n')"
    ended = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, env=environ("127.0.0.1:1")
    )
    return set(ended.stdout.split("\n")[-len(heavy) - 1 :]) & set(heavy)


def test_nothing_heavy_is_loaded_before_it_is_used() -> None:
    assert loaded("import imagewire") == set()
    assert loaded("from typer.testing import CliRunner; import imagewire.cli.app") <= {"asyncio"}
    run_help = "try: imagewire.cli.main()\nexcept SystemExit: pass"
    helped = f"import sys, imagewire.cli; sys.argv = ['imagewire', 'draw', '--help']\n{run_help}"
    assert loaded(helped) == set()


def test_help_names_the_default_model_and_the_exit_codes() -> None:
    for command in "draw", "chat", "models", "ping", "show", "doctor":
        ended = forked.run([*COMMAND, command, "--help"], capture_output=True, text=True, check=True)
        assert "Exit codes:" in ended.stdout
        assert "  7    a wrong key" in ended.stdout
        if command in {"draw", "chat"}:
            assert imagewire.DEFAULT_MODEL in "".join(ended.stdout.split())
