"""The command imagewire asks before it spends much, and keeps every picture that is paid for."""

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from types import MappingProxyType
from typing import Any

import grpc
import pytest
from typer.testing import CliRunner

from imagewire import files
from imagewire.cli import ask, rescue
from imagewire.cli.app import app
from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire.v1.model_service_pb2 import GetModelResponse, ListModelsResponse, Model, Price
from tests.sdk.command import left
from tests.sdk.conftest import Script, good_stream, scripted


class Priced(Script, model_service_pb2_grpc.ModelServiceServicer):
    """A server that knows what its models cost: $0.129 for a picture of 1K, $0.252 for 4K, and "dear" the double.

    "priceless" is in its table without a price, "other" is not.
    """

    listed = ("cheap", "dear", "priceless")
    prices = MappingProxyType({"other": grpc.StatusCode.NOT_FOUND, "down": grpc.StatusCode.UNAVAILABLE})

    def GetModel(self, request: Any, context: Any) -> GetModelResponse:
        if request.name in self.prices:
            context.abort(self.prices[request.name], "no price")
        return GetModelResponse(model=self._model(request.name))

    def ListModels(self, request: Any, context: Any) -> ListModelsResponse:
        return ListModelsResponse(models=[self._model(name) for name in self.listed])

    def _model(self, name: str) -> Model:
        if name == "priceless":
            return Model(name=name)
        price = Price(image_output_usd_per_million=100.0, service_tier_factors={"flex": 0.5, "gold": 3.0})
        if name == "dear":
            price.image_output_usd_per_million = 200.0
        return Model(name=name, price=price)


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Priced]:
    script = Priced()
    server = grpc.server(futures.ThreadPoolExecutor(4))
    chat_service_pb2_grpc.add_ChatServiceServicer_to_server(script, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(script, server)
    monkeypatch.setenv("IMAGEWIRE_TARGET", f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    monkeypatch.chdir(tmp_path)
    server.start()
    yield script
    server.stop(0).wait()


UNKNOWN = "{} pictures, at a price that the server does not know (${} at the dearest known one): add --yes"

# arguments, how many pictures are drawn, what is told
COSTS: list[tuple[list[str], int, str]] = [
    (["a cat", "-n", "7"], 7, ""),
    (["a cat", "-n", "9", "--service-tier", "flex"], 0, "9 pictures, about $0.58: add --yes"),
    (["a cat", "-n", "8"], 0, "8 pictures, about $1.03: add --yes"),
    (["a cat", "-n", "8", "--service-tier", "flex"], 8, ""),
    (["a cat", "-n", "2", "--service-tier", "silver", "--size", "4K"], 0, UNKNOWN.format(2, "3.02")),
    (["a cat", "-n", "1", "--service-tier", "silver", "--size", "1K"], 1, ""),
    (["a cat", "-n", "3", "-m", "priceless", "--size", "1K"], 3, ""),
    (["a cat", "-n", "4", "-m", "priceless", "--size", "1K"], 0, UNKNOWN.format(4, "1.03")),
    (["a cat", "-n", "2", "-m", "other"], 0, UNKNOWN.format(2, "1.01")),
    (["a cat", "-n", "1", "-m", "other"], 1, ""),
    (["a cat", "-n", "9", "-m", "other", "--yes"], 9, ""),
    (["a cat", "-n", "3", "-m", "other", "--service-tier", "flex"], 3, ""),
    (["a cat", "-n", "4", "-m", "other", "--service-tier", "flex"], 0, UNKNOWN.format(4, "1.21")),
    (["a cat", "-n", "4", "--size", "4K"], 0, "4 pictures, about $1.01: add --yes"),
    (["a cat", "-n", "10000"], 0, "10000 pictures, about $1290.00: add --yes"),
    (["a cat", "-n", "10001", "--yes"], 0, "-n: 10001 pictures are wanted, and one command draws at most 10000"),
    (["a cat", "-n", "99999999999999999999", "--yes"], 0, "one command draws at most 10000"),
    (["a cat", "-n", "9", "--yes"], 9, ""),
    (["a", "cat", "sat"], 3, 'note: these are 3 prompts; for one prompt, quote it: imagewire draw "a cat sat"'),
    (["a", "cat", "sat", "-y"], 3, ""),
    (["a cat", "a dog"], 2, ""),
]


@pytest.mark.parametrize(("arguments", "drawn", "words"), COSTS, ids=[" ".join(row[0]) for row in COSTS])
def test_without_a_terminal_much_needs_yes(priced: Priced, arguments: list[str], drawn: int, words: str) -> None:
    ended = CliRunner().invoke(app, ["draw", *arguments])
    assert len(priced.requests) == drawn
    assert (ended.exit_code, words in ended.stderr) == (0 if drawn else 2, True), ended.stderr
    assert bool(ended.stderr) == bool(words)


def test_an_unknown_price_on_a_server_without_prices(home: Path) -> None:
    """It has no ModelService."""
    script = Script()
    with scripted(script) as target:
        ended = CliRunner().invoke(app, ["draw", "a cat", "-n", "3", "--target", target])
        assert (ended.exit_code, len(script.requests)) == (0, 3)
        ended = CliRunner().invoke(app, ["draw", "a cat", "-n", "4", "--target", target])
    assert (ended.exit_code, len(script.requests)) == (2, 3)
    assert UNKNOWN.format(4, "1.21") in ended.stderr


def test_a_server_in_trouble_is_told_in_place_of_a_question(priced: Priced) -> None:
    ended = CliRunner().invoke(app, ["draw", "a cat", "-n", "9", "-m", "down"])
    assert (ended.exit_code, priced.requests) == (4, [])
    assert "broke off (no price)" in ended.stderr


@pytest.mark.parametrize(("answer", "drawn"), [("y\n", 9), ("YES\n", 9), ("n\n", 0), ("\n", 0), ("", 0), ("yo\n", 0)])
def test_on_a_terminal_much_is_asked_about(
    priced: Priced, monkeypatch: pytest.MonkeyPatch, answer: str, drawn: int
) -> None:
    monkeypatch.setattr(ask, "interactive", lambda: True)
    ended = CliRunner().invoke(app, ["draw", "a cat", "-n", "9"], input=answer)
    assert "9 pictures, about $1.16. Go on? [y/N] " in ended.stderr
    assert (len(priced.requests), ended.exit_code) == (drawn, 0 if drawn else 130)


def test_on_a_terminal_words_without_quotes_are_asked_about(priced: Priced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "interactive", lambda: True)
    ended = CliRunner().invoke(app, ["draw", "A", "cat", "sat"], input="n\n")
    assert 'quote it: imagewire draw "A cat sat"' in ended.stderr
    assert priced.requests == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first folder that takes what another one does not."""
    there = tmp_path / "home"
    there.mkdir()
    monkeypatch.chdir(there)
    return there


@contextlib.contextmanager
def full_after(folder: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder's disk has room for so many bytes of a file."""
    write = files.PartFile.write

    def limited(self: files.PartFile, data: bytes) -> None:
        if self._path.parent.resolve() == folder and self._file.tell() + len(data) > size:
            raise OSError(28, "No space left on device")
        write(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(files.PartFile, "write", limited)
        yield


@pytest.mark.parametrize("room", [0, 300])
def test_a_disk_that_fills_up_does_not_lose_a_picture(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    with scripted(Script()) as target, full_after(full, room, monkeypatch):
        ended = CliRunner().invoke(app, ["draw", "A cat", "-o", "../full", "--target", target])
    assert ended.exit_code == 1, "the file is not where it was wanted"
    told = "imagewire: ../full: No space left on device; the picture is in "
    assert ended.stderr.startswith(told)
    assert "a-cat.png" in ended.stdout
    assert (home / "a-cat.png").read_bytes() == b"picture" * 100
    assert (left(full), left(home)) == ([], ["a-cat.png"])


@pytest.mark.parametrize("command", [["draw", "A cat"], ["chat"]])
def test_a_program_is_told_of_another_folder_by_an_error(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    with scripted(Script()) as target, full_after(full, 0, monkeypatch):
        arguments = [*command, "--json", "-o", "../full", "--target", target]
        ended = CliRunner().invoke(app, arguments, input="A cat\n")
    assert ended.exit_code == 1
    drawn, error = json.loads(ended.stdout), json.loads(ended.stderr)["error"]
    assert Path(drawn["files"][0]).resolve() == home / "a-cat.png"
    assert error["code"] == "FAILED"
    assert [error["message"]] == drawn["notes"]


def test_in_a_chat_neither(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = tmp_path / "full"
    full.mkdir()
    with scripted(Script()) as target, full_after(full, 300, monkeypatch):
        ended = CliRunner().invoke(app, ["chat", "-o", "../full", "--target", target], input="A cat\n")
    assert ended.exit_code == 1, "the file is not where it was wanted"
    assert "../full: No space left on device; the picture is in " in ended.stderr
    assert (home / "a-cat.png").read_bytes() == b"picture" * 100


@pytest.mark.parametrize("late", ["folder", "removed"])
def test_what_gets_in_the_way_late_does_not_lose_a_picture(tmp_path: Path, home: Path, late: str) -> None:
    """A folder of the file's name; or the folder is gone."""
    out = tmp_path / "out"
    out.mkdir()
    events = good_stream()

    class Meddling(Script):
        def StreamCompletion(self, request: Any, context: Any) -> Any:
            yield from events[:9]
            while not left(out):
                pass  # until the first frame is on disk
            if late == "removed":
                shutil.rmtree(out)
            else:
                (out / "b.png").mkdir()
            yield from events[9:]

    with scripted(Meddling()) as target:
        ended = CliRunner().invoke(app, ["draw", "A cat", "-o", str(out / "b.png"), "--force", "--target", target])
    assert ended.exit_code == 1, "the file is not where it was wanted"
    assert "the picture is in " in ended.stderr
    kept = home / "a-cat.png" if late == "removed" else out / "a-cat.png"
    assert kept.read_bytes() == b"picture" * 100


def test_a_working_directory_that_is_removed_loses_no_picture(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(home))
    events, first = good_stream(), ["one", "two", "three", "four"]
    removed = threading.Barrier(len(first), action=lambda: shutil.rmtree(work))

    class Meddling(Script):
        def StreamCompletion(self, request: Any, context: Any) -> Any:
            yield from events[:9]
            if request.spec.messages[0].parts[-1].text in first:
                while work.is_dir() and len(left(work)) < len(first):
                    pass  # until the first frame of each is on disk
                removed.wait(30)
            yield from events[9:]

    with scripted(Meddling()) as target:
        ended = CliRunner().invoke(app, ["draw", *first, "five", "six", "--yes", "--target", target])
    assert ended.exit_code == 1, "the files are not where they were wanted"
    for words in (*first, "five", "six"):
        assert (home / f"{words}.png").read_bytes() == b"picture" * 100
        assert f"the picture is in {home / words}.png" in ended.stderr


def test_where_no_folder_takes_it_the_error_is_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescue, "elsewhere", lambda folder: iter([tmp_path / "none"]))
    file = files.PartFile(tmp_path)
    with pytest.raises(OSError, match="first"):
        rescue.moved(file, rescue.elsewhere(tmp_path), b"", OSError("first"))
    file.drop()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no folder without files of one's own")
@pytest.mark.parametrize("command", [["draw", "A cat"], ["chat"]])
def test_a_folder_that_takes_no_file_is_told_before_anything_is_drawn(priced: Priced, command: list[str]) -> None:
    ended = CliRunner().invoke(app, [*command, "-o", "/proc"], input="A cat\n")
    assert (ended.exit_code, priced.requests) == (2, [])
    assert "-o: no file can be made in /proc" in ended.stderr
