"""imagewire-server: a wrong command line is one error with a remedy and exit code 2, never a traceback."""

import gc
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from imagewire_server.cli import app


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with files of all kinds."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("IMAGEWIRE_", "GEMINI_", "GOOGLE_", "VERTEX", "LITELLM_")):
            monkeypatch.delenv(name)
    Path("folder").mkdir()
    Path("binary.yaml").write_bytes(bytes(range(256)))
    Path("huge.yaml").write_bytes(b"a" * 2_000_000)
    Path("text.yaml").write_text("words")
    Path("list.yaml").write_text("- 1\n")
    Path("broken.yaml").write_text("a: [\n")
    Path("taken.png").write_bytes(b"x")
    Path("loop.yaml").symlink_to("loop.yaml")
    hangup = signal.getsignal(signal.SIGHUP)
    yield
    gc.enable()  # `serve` sets both, for its process
    signal.signal(signal.SIGHUP, hangup)


# arguments, words on stderr
FILES: list[tuple[str, str]] = [
    ("folder", "cannot be read (Is a directory)"),
    ("none.yaml", "cannot be read (No such file or directory)"),
    ("text.yaml/x", "cannot be read (Not a directory)"),
    ("loop.yaml", "cannot be read (Too many levels of symbolic links)"),
    ("binary.yaml", "is not valid YAML"),
    ("huge.yaml", "is larger than"),
    ("text.yaml", "text.yaml"),
    ("list.yaml", "list.yaml"),
    ("broken.yaml", "is not valid YAML"),
    ("x" * 5000, "cannot be read (File name too long)"),
]
LINES: list[tuple[list[str], str]] = [
    (["nope"], "No such command 'nope'"),
    (["--frob"], "--frob"),
    (["serve", "x"], "unexpected extra argument"),
    (["serve", "--config"], "requires an argument"),
    (["serve", "--config", "a", "--config", "b"], "may be given only once"),
    (["serve", "--port", "x"], "'--port': 'x' is not a valid integer"),
    (["serve", "--port", "70000"], "'--port': 70000 is not in the range"),
    (["serve", "--port", "-1"], "'--port': -1 is not in the range"),
    (["serve", "--grpc", "127.0.0.1:70000"], "--grpc"),
    (["serve", "--grpc", "127.0.0.1:x"], "--grpc"),
    (["serve", "--grpc", "127.0.0.1"], "--grpc"),
    (["serve", "--grpc", ""], "--grpc"),
    (["serve", "--rest", "127.0.0.1:99999"], "--rest"),
    (["serve", "--rest", "x"], "--rest"),
    (["serve", "--rest", "127.0.0.1:1", "--port", "1"], "leave out --rest"),
    (["serve", "--no-rest", "--port", "1"], "leave out --no-rest"),
    (["serve", "--workers", "x"], "'--workers'"),
    (["serve", "--workers", "-1"], "'--workers'"),
    (["serve", "--workers", "99999999"], "'--workers'"),
    (["check", "--no-env"], "--no-env needs --config"),
    (["check", "--frob"], "--frob"),
    (["health", "--frob"], "--frob"),
    (["health", "x"], "unexpected extra argument"),
    (["demo", "x"], "unexpected extra argument"),
    (["demo", "-o", "taken.png"], "exists already"),
    (["demo", "--open", "-o", "new.png"], "leave out --output"),
    (["demo", "-o", "folder"], "exists already"),
    (["demo", "-o", "none/x.png"], "there is no folder none"),
    (["emulate", "--port", "70000"], "'--port': 70000 is not in the range"),
    (["emulate", "--frob"], "--frob"),
]
LINES += [(["check", "--config", name], words) for name, words in FILES]
LINES += [(["serve", "--config", name], words) for name, words in FILES]
LINES += [(["health", "--config", name], words) for name, words in FILES]


@pytest.mark.parametrize(("arguments", "words"), LINES, ids=[" ".join(row[0])[:60] for row in LINES])
@pytest.mark.usefixtures("files")
def test_it_is_told(arguments: list[str], words: str) -> None:
    ended = CliRunner().invoke(app, arguments)
    assert (ended.exit_code, words in ended.stderr) == (2, True), (ended.output, ended.exception)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    assert "Traceback" not in ended.output


@pytest.mark.parametrize("command", ["", "serve", "check", "health", "demo", "emulate"])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_each_command_has_help(command: str, flag: str) -> None:
    ended = CliRunner().invoke(app, [*command.split(), flag])
    assert (ended.exit_code, ended.output.startswith("Usage: ")) == (0, True)


def test_health_of_what_is_no_server() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ended = CliRunner().invoke(app, ["health", "--target", f"127.0.0.1:{free.getsockname()[1]}"])
    assert (ended.exit_code, "is imagewire-server serving there, without TLS?" in ended.output) == (1, True)
