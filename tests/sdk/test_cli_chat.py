"""imagewire chat on a pipe: what it remembers, what it keeps, and how it ends."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests import forked
from tests.integration.processes import Program, ledger
from tests.sdk.command import COMMAND, SMALL_DISK, left, run
from tests.sdk.conftest import Script, good_stream, scripted

PRO = "gemini/gemini-3-pro-image"  # refuses an edit whose signatures are missing


def contents(emulator: Program) -> list[Any]:
    """What the last request upstream said."""
    found: list[Any] = ledger(emulator.address)[-1]["body"]["contents"]
    return found


def test_three_turns_are_remembered_with_their_signatures(tmp_path: Path, target: str, emulator: Program) -> None:
    ended = run(tmp_path, target, "chat", "-m", PRO, stdin=b"A cat\n\nMake it blue\nAdd a hat\n")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert left(tmp_path) == ["a-cat.png", "add-a-hat.png", "make-it-blue.png"]
    said = contents(emulator)
    assert [message["role"] for message in said] == ["user", "model", "user", "model", "user"]
    assert all(
        "thoughtSignature" in part for message in said[1::2] for part in message["parts"] if "inlineData" in part
    )
    assert b"> " not in ended.stdout, "a pipe sees no prompt"
    assert ended.stdout.count(b"1024x1024") == 3
    assert ended.stdout.count(b"  $0.") == 3


def test_json_is_an_object_a_turn_and_nothing_else(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "chat", "--json", stdin=b"A cat\n/save b\n/undo\nA dog\n/quit\nA cow\n")
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(line["prompt"], line["file"]) for line in told] == [("A cat", "a-cat.png"), ("A dog", "a-dog.png")]
    assert all(line["cost_usd"] > 0 and line["seconds"] > 0 for line in told)
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a-cat.png").read_bytes()


def test_undo_takes_a_turn_out_of_what_is_sent(tmp_path: Path, target: str, emulator: Program) -> None:
    ended = run(tmp_path, target, "chat", stdin=b"A cat\nA mistake\n/undo\nMake it blue\n")
    assert ended.stderr == b'imagewire: taken back: "A mistake"; its files stay\n'
    assert [message["parts"][-1].get("text") for message in contents(emulator)[::2]] == ["A cat", "Make it blue"]
    assert left(tmp_path) == ["a-cat.png", "a-mistake.png", "make-it-blue.png"]


def test_a_picture_goes_with_the_next_message_alone(tmp_path: Path, target: str, emulator: Program) -> None:
    run(tmp_path, target, "draw", "A cat", "-o", "cat.png")
    ended = run(tmp_path, target, "chat", stdin=b"/image cat.png\n/undo\n/image cat.png\nFrame it\nAgain\n")
    assert ended.returncode == 0
    users = [message["parts"] for message in contents(emulator)[::2]]
    assert [["inlineData" in part for part in parts] for parts in users] == [[True, False], [False]]


def test_a_file_may_be_named_as_a_shell_names_it(tmp_path: Path, target: str, emulator: Program) -> None:
    """Terminals quote the names of files that are dropped on them."""
    run(tmp_path, target, "draw", "A cat", "-o", "my cat.png")
    lines = b"/image my cat.png\n/image 'my cat.png'\n/image my\\ cat.png\nFrame it\n/save \"the end\"\n"
    ended = run(tmp_path, target, "chat", stdin=lines)
    assert ended.returncode == 0, ended.stderr
    assert ["inlineData" in part for part in contents(emulator)[0]["parts"]] == [True, True, True, False]
    assert left(tmp_path) == ["frame-it.png", "my cat.png", "the end.png"]


def test_pictures_go_where_they_are_told_to(tmp_path: Path, target: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "more").mkdir()
    lines = b"A cat\n/save\n/save more\n/save two.jpg\n"
    ended = run(tmp_path, target, "chat", "-o", "out", stdin=lines)
    assert ended.returncode == 0
    assert left(tmp_path) == ["more", "out", "two.png"], "the name says what is in it"
    assert (left(tmp_path / "out"), left(tmp_path / "more")) == (["a-cat.png"], ["a-cat.png"])
    assert b"it is in out/a-cat.png\n" in ended.stderr


# lines, exit code, words on stderr
ENDS: list[tuple[bytes, int, str]] = [
    (b"/frob\n", 2, "/frob: is no command; /help"),
    (b"/image\n", 2, "/image FILE"),
    (b"/image none.png\n", 2, "none.png: No such file"),
    (b"/image ~nobody-of-that-name/a.png\n", 2, "a.png: No such file"),
    (b"/save\n", 2, "there is no picture yet"),
    (b"/undo\n", 2, "nothing to take back"),
    (b"/undo extra\n", 2, "/undo: takes no word after it; type /undo alone"),
    (b"/exit now\n", 2, "/exit: takes no word after it"),
    (b"A cat\n/save old.png\n", 2, "old.png: is there already"),
    (b"A cat\n/save no/a.png\n", 2, "there is no folder no"),
    (b"A cat\n/save no/\n", 2, "/save no/: there is no such folder; make it, or name another"),
    (b"\xff\n", 2, "UTF-8"),
]


@pytest.mark.parametrize(("lines", "code", "words"), ENDS, ids=[row[2] for row in ENDS])
def test_the_first_failure_ends_it(tmp_path: Path, lines: bytes, code: int, words: str) -> None:
    (tmp_path / "old.png").write_bytes(b"old")
    script = Script()
    with scripted(script) as target:
        ended = run(tmp_path, target, "chat", stdin=lines + b"Another\n")
    assert (ended.returncode, ended.stderr.count(b"\n")) == (code, 1)
    assert words in ended.stderr.decode()
    assert len(script.requests) == lines.count(b"A cat")
    assert (tmp_path / "old.png").read_bytes() == b"old"


def test_a_blocked_turn_ends_it_and_nothing_more_is_paid_for(tmp_path: Path, target: str, emulator: Program) -> None:
    before = len(ledger(emulator.address))
    ended = run(tmp_path, target, "chat", "-m", "gemini/emulator-safety", stdin=b"x\ny\n")
    assert (ended.returncode, len(ledger(emulator.address)) - before) == (3, 1)
    assert b"blocked (SAFETY" in ended.stderr


def test_no_server_is_told(tmp_path: Path) -> None:
    with scripted(Script()) as gone:
        pass
    ended = run(tmp_path, gone, "chat", stdin=b"A cat\n")
    assert (ended.returncode, ended.stderr.count(b"imagewire: no imagewire server answers")) == (4, 1)


def test_a_folder_that_is_not_there_is_told_before_anything_is_drawn(tmp_path: Path) -> None:
    ended = run(tmp_path, "127.0.0.1:1", "chat", "-o", "none", stdin=b"A cat\n")
    assert (ended.returncode, b"there is no such folder" in ended.stderr) == (2, True)


def test_a_full_disk_leaves_nothing_and_the_picture_can_still_be_saved(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "chat", stdin=b"A cat\n", command=SMALL_DISK)
    assert ended.returncode == 1
    words = (
        b"imagewire: .: File too large: a picture is not on disk; make room, or /save it elsewhere, before you leave\n"
    )
    assert ended.stderr.endswith(words)
    assert ended.stderr.startswith(b"imagewire: this chat cannot be resumed later: ")
    assert left(tmp_path) == []


def test_a_picture_that_is_whole_is_on_disk_before_the_answer_is(tmp_path: Path) -> None:
    script = Script(events=good_stream()[:-2], hold=True)
    with scripted(script) as target:
        process = forked.Popen(
            [*COMMAND, "chat", "--target", target],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(b"A cat\n")
        process.stdin.flush()
        deadline = time.monotonic() + 20
        while left(tmp_path) != ["a-cat.png"]:
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
        assert script.ended.wait(60), "the call is cancelled"
    assert (tmp_path / "a-cat.png").read_bytes() == b"picture" * 100
    assert process.returncode == 130
    assert told.startswith(b"imagewire: saved before that: a-cat.png\nimagewire: interrupted")
