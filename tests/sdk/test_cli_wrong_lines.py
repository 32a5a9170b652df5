"""The command imagewire: a wrong command line is one line with a remedy and exit code 2; signals are no traceback."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import imagewire
from imagewire.cli import shared_options
from imagewire.cli.app import app
from tests import forked
from tests.sdk.command import COMMAND, environ, left
from tests.sdk.conftest import Script, good_stream, scripted


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with files of all kinds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("IMAGEWIRE_TARGET", "127.0.0.1:1")
    Path("folder").mkdir()
    Path("empty").touch()
    Path("binary").write_bytes(bytes(range(256)))
    Path("loop").symlink_to("loop")
    Path("animated").write_bytes(b"GIF89a" + bytes(20))
    with Path("huge").open("wb") as huge:
        huge.truncate(1 << 32)


# arguments, words on stderr
LINES: list[tuple[list[str], str]] = [
    *(
        (["draw", "x", "--edit", name], f"--edit {name[:20]}")
        for name in ("folder", "none", "loop", "huge", "/dev/zero", "x" * 5000)
    ),
    (["draw", "x", "--edit", "animated"], "--edit animated: is of type GIF, which no model takes; convert it to PNG"),
    (["draw", "x", "--edit", "gs://bucket/a.gif"], "--edit gs://bucket/a.gif: its name must tell its type, and end in"),
    (["draw", "x", "--edit", "gs://bucket/a"], "--edit gs://bucket/a: its name must tell its type, and end in one of"),
    *(
        (["draw", "x", "--edit", f"{start}\udcff.png"], "--edit: is no UTF-8; convert it first")
        for start in ("https://a/", "data:", "gs://a/")
    ),
    (["get", ""], "ID: is empty"),
    *((["get", "cmpl-a", ident], "ID: is no UTF-8; convert it first") for ident in ("\udcff", "img-\udcff")),
    *((["draw", "x", "-o", name], "-o") for name in ("empty/x", "none/x", "x" * 5000, "loop")),
    *((["chat", "-o", name], "-o") for name in ("empty", "none", "x" * 5000, "loop")),
    *((["chat", "--resume", name], "--resume") for name in ("empty", "binary", "folder", "none", "x" * 5000)),
    *((["show", name], name[:20]) for name in ("empty", "binary", "folder", "none", "loop", "huge", "x" * 5000)),
    *(
        ([command, *words, "--target", target], "--target")
        for command, *words in (["draw", "x"], ["chat"], ["models"], ["ping"], ["doctor"])
        for target in (
            "dns:///",
            "https://",
            "https://a/b",
            "https://a:70000",
            "https://a:x",
            "a:70000",
            "a b",
            "unix:",
            "\n",
        )
    ),
    *((["draw", "x", "--timeout", value], "--timeout") for value in ("0", "-1", "nan", "inf", "x")),
    *((["draw", "x", "-n", value], "-n") for value in ("0", "-1", "x", "1.5")),
    *((["draw", "x", "--seed", value], "--seed") for value in ("x", "1.5", "99999999999")),
    (["draw"], "PROMPT"),
    (["draw", "x", "-n", "99999999999999999999"], "-n"),
    (["nope"], "No such command"),
    (["--nope"], "No such option"),
]


@pytest.mark.parametrize(("arguments", "words"), LINES, ids=[ascii(" ".join(row[0]))[:60] for row in LINES])
@pytest.mark.usefixtures("files")
def test_it_is_told(arguments: list[str], words: str) -> None:
    ended = CliRunner().invoke(app, arguments)
    assert (ended.exit_code, words in ended.stderr) == (2, True), (ended.stderr, ended.exception)
    assert isinstance(ended.exception, SystemExit), ended.exception


# What gRPC takes for an address, although nothing can answer there.
@pytest.mark.parametrize("target", ["127.0.0.1:1", "unix:/none"])
@pytest.mark.usefixtures("files")
def test_an_address_where_nobody_answers(target: str) -> None:
    ended = CliRunner().invoke(app, ["ping", "--target", target, "--timeout", "5"])
    assert (ended.exit_code, ended.stderr.count("\n") <= 2) == (4, True), ended.stderr


@pytest.mark.parametrize("command", ["", "draw", "chat", "models", "ping", "show", "doctor"])
def test_each_command_has_help(command: str) -> None:
    ended = CliRunner().invoke(app, [*command.split(), "-h"])
    assert (ended.exit_code, "Usage: " in ended.output) == (0, True)


INTERRUPTED = """
import builtins, os, signal, sys
load = builtins.__import__
def interrupting(name, *given):
    if name == {module!r}:
        os.kill(os.getpid(), signal.SIGINT)
    return load(name, *given)
builtins.__import__ = interrupting
from {package} import main
main()
"""


@pytest.mark.parametrize(
    ("package", "module"),
    [("imagewire.cli", "typer"), ("imagewire_server.__main__", "click"), ("imagewire_emulator.__main__", "aiohttp")],
    ids=["client", "server", "emulator"],
)
def test_ctrl_c_while_it_is_loaded_is_no_traceback(package: str, module: str) -> None:
    code = INTERRUPTED.format(package=package, module=module)
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env=environ("127.0.0.1:1"),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_two_signals_are_no_traceback(tmp_path: Path, number: signal.Signals) -> None:
    script = Script(events=good_stream(b"x" * 500_000)[:9], hold=True)
    with scripted(script) as target:
        process = forked.Popen(
            [*COMMAND, "draw", "x", "--target", target],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert script.sent.wait(20)
        process.send_signal(number)
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
    assert (process.returncode, b"Traceback" in told) == (130, False), told
    assert left(tmp_path) == []


@pytest.mark.parametrize("line", [False, True])
def test_a_prompt_without_an_end_is_told(line: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/zero").open() as endless:
        monkeypatch.setattr("sys.stdin", endless)
        with pytest.raises(imagewire.InvalidRequest, match="more than a million characters"):
            shared_options.words_of_stdin("PROMPT", line=line)
