"""The command imagewire when stdout takes nothing, or is closed: what was paid for is saved, and told."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked
from tests.sdk.command import COMMAND, environ, left, run
from tests.sdk.conftest import Script, scripted


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["-o", "-"], ["-o", "a.png"], ["-o", "a.png", "--json"]])
def test_a_full_disk_behind_stdout_is_told(tmp_path: Path, target: str, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = forked.run(
            [*COMMAND, "draw", "A cat", *arguments, "--target", target],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 1
    assert b"stdout: No space left on device; make room" in ended.stderr
    file = "a-cat.png" if "-" in arguments else "a.png"
    assert left(tmp_path) == [file], "it is paid for"
    where = rb"; the picture is in \S*/a-cat\.png" if "-" in arguments else rb"saved before that: a\.png"
    assert len(re.findall(where, ended.stderr)) == ended.stderr.count(file.encode()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_history_knows_the_file_that_stdout_did_not_take(tmp_path: Path, target: str) -> None:
    state = str(tmp_path / "state")
    (tmp_path / "here").mkdir()
    for _ in range(2):
        with Path("/dev/full").open("wb") as full:
            forked.run(
                [*COMMAND, "draw", "A cat", "-o", "-"],
                cwd=tmp_path / "here",
                env=environ(target, XDG_STATE_HOME=state),
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
    run(tmp_path / "here", target, "draw", "A dog", "-o", "-", XDG_STATE_HOME=state)
    told = run(tmp_path / "here", target, "history", XDG_STATE_HOME=state).stdout.decode().splitlines()
    ends = [f"{tmp_path}/here/a-cat.png", f"{tmp_path}/here/a-cat-2.png", "(no file)"]
    assert [line.rpartition("  ")[2] for line in told] == ends


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("json_lines", [[], ["--json"]])
def test_each_file_is_told_when_stdout_is_full(tmp_path: Path, target: str, json_lines: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = forked.run(
            [*COMMAND, "draw", "A cat", "-n", "3", *json_lines, "--target", target],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ended.returncode, len(left(tmp_path))) == (1, 3)
    for file in left(tmp_path):
        assert ended.stderr.count(file.encode()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_chat_tells_where_the_picture_is_when_stdout_is_full(tmp_path: Path, target: str) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = forked.run(
            [*COMMAND, "chat", "--target", target],
            cwd=tmp_path,
            input=b"A cat\n",
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ended.returncode, left(tmp_path)) == (1, ["a-cat.png"])
    assert b"saved before that: a-cat.png\n" in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["draw", "--help"]])
def test_help_that_cannot_be_printed_is_no_traceback(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = forked.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, check=False)
    words = b"imagewire: stdout: No space left on device; make room, or send it elsewhere\n"
    assert (ended.returncode, ended.stderr) == (1, words)


# what is closed, exit code
CLOSED = [("<&-", 0), (">&-", 1), ("2>&-", 0), ("<&- >&- 2>&-", 1)]


@pytest.mark.parametrize(("closed", "code"), CLOSED)
def test_streams_that_are_closed_are_no_traceback(tmp_path: Path, closed: str, code: int) -> None:
    with scripted(Script()) as target:
        line = f'exec "$0" -m imagewire draw x -o a.png --target {target} {closed}'
        ended = subprocess.run(
            ["/bin/sh", "-c", line, sys.executable],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    words = (
        b"imagewire: saved before that: a.png\n"
        b"imagewire: stdout: Bad file descriptor; make room, or send it elsewhere\n"
    )
    assert (ended.returncode, ended.stderr) == (code, words if closed == ">&-" else b"")
    assert left(tmp_path) == ["a.png"], "what was paid for is there"


@pytest.mark.parametrize("output", ["-", "a.png"])
def test_a_reader_that_goes_away_is_told(tmp_path: Path, output: str) -> None:
    with scripted(Script()) as target:
        reader, writer = os.pipe()
        os.close(reader)
        ended = forked.run(
            [*COMMAND, "draw", "x", "-o", output, "--target", target],
            cwd=tmp_path,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writer)
    assert ended.returncode == 1
    assert ended.stderr.endswith(b"imagewire: stdout was closed before all was printed\n")
    assert left(tmp_path) == (["x.png"] if output == "-" else ["a.png"]), "it is paid for"
