"""The command's own notes, of what it drew and of what is unfinished, when they are damaged or cannot be written."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.sdk.command import SMALL_DISK, run
from tests.sdk.conftest import Script, scripted
from tests.sdk.test_cli_schemas import valid

DAMAGED = {"deep": "[" * 200_000, "cut": '{"imagewire_draw": 1', "list": "[1]", "text": '"x"', "no JSON": "\\xff"}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_damaged_lines_are_told_and_left_out(tmp_path: Path, target: str, damaged: str) -> None:
    state = tmp_path / "state"

    def command(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return run(tmp_path, target, *arguments, XDG_STATE_HOME=str(state))

    assert command("draw", "A cat").returncode == 0
    (state / "imagewire" / "unfinished" / "damaged.json").write_text(damaged)
    with (state / "imagewire" / "drawings.jsonl").open("a") as file:
        file.write(f"{damaged}\n")
        row = dict.fromkeys(["time", "prompt", "model", "completion_id", "image_ids", "cost_usd", "files"], 5)
        file.write(json.dumps(row) + "\n")
    ended = command("history", "--json")
    words = f"{state}/imagewire/drawings.jsonl: 2 line(s) are damaged, and not shown: 2, 3; delete them, or the file"
    assert (ended.returncode, json.loads(ended.stderr)["error"]["message"]) == (1, words)
    (listed,) = valid("history", ended.stdout.decode())
    assert listed["prompt"] == "A cat"
    assert b"nothing is unfinished" in command("draw", "A cat", "--resume").stderr


def test_a_line_that_was_cut_short_does_not_take_the_next_with_it(tmp_path: Path, target: str) -> None:
    path = tmp_path / "imagewire" / "drawings.jsonl"
    path.parent.mkdir()
    path.write_text('{"time": ')
    assert run(tmp_path, target, "draw", "A cat", XDG_STATE_HOME=str(tmp_path)).returncode == 0
    ended = run(tmp_path, target, "history", XDG_STATE_HOME=str(tmp_path))
    assert (ended.returncode, ended.stdout.count(b'"A cat"'), ended.stdout.count(b"\n")) == (1, 1, 1)
    assert b"1 line(s) are damaged, and not shown: 1;" in ended.stderr


def test_a_files_name_with_a_newline_is_one_line(tmp_path: Path, target: str) -> None:
    assert run(tmp_path, target, "draw", "A cat", "-o", "a\nb.png", XDG_STATE_HOME=str(tmp_path)).returncode == 0
    ended = run(tmp_path, target, "history", XDG_STATE_HOME=str(tmp_path))
    assert ended.stdout.decode().endswith(f"{tmp_path}/a\N{REPLACEMENT CHARACTER}b.png\n")
    assert ended.stdout.count(b"\n") == 1


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, target: str) -> None:
    path = tmp_path / "imagewire" / "drawings.jsonl"
    path.mkdir(parents=True)
    ended = run(tmp_path, target, "history", XDG_STATE_HOME=str(tmp_path))
    words = f"imagewire: {path}: Is a directory; move it away or make it readable, or set XDG_STATE_HOME\n"
    assert (ended.returncode, ended.stdout, ended.stderr.decode()) == (1, b"", words)


def test_a_file_without_a_whole_line_is_told(tmp_path: Path, target: str) -> None:
    path = tmp_path / "imagewire" / "drawings.jsonl"
    path.parent.mkdir()
    path.write_text("garbage{\n" * 7)
    ended = run(tmp_path, target, "history", XDG_STATE_HOME=str(tmp_path))
    words = f"{path}: 7 line(s) are damaged, and not shown: 1, 2, 3, 4, 5, …; delete them, or the file\n"
    assert (ended.returncode, ended.stdout, ended.stderr.decode()) == (1, b"", f"imagewire: {words}")


def test_a_folder_that_cannot_be_read_has_a_remedy_that_history_has(tmp_path: Path, target: str) -> None:
    """A loop of links, since no right keeps root out."""
    (tmp_path / "state").symlink_to("state")
    ended = run(tmp_path, target, "history", XDG_STATE_HOME=str(tmp_path / "state"))
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.endswith(
        b"Too many levels of symbolic links; move it away or make it readable, or set XDG_STATE_HOME\n"
    )


@pytest.mark.parametrize("command", ["draw", "chat"])
def test_a_full_disk_is_told_with_the_files_name(tmp_path: Path, command: str) -> None:
    prompt, state = "a" * 110_000, tmp_path / "state"
    given = [prompt] if command == "draw" else []
    with scripted(Script()) as target:
        ended = run(
            tmp_path,
            target,
            command,
            *given,
            stdin=prompt.encode() + b"\n",
            command=SMALL_DISK,
            XDG_STATE_HOME=str(state),
        )
    told = ended.stderr.decode()
    assert ended.returncode == 0, told
    assert f"`imagewire history` will not have this: {state}/imagewire/drawings.jsonl: File too large\n" in told
    words = {
        "draw": rf"--resume cannot finish this later: {state}/imagewire/unfinished/\S+\.json: File too large\n",
        "chat": rf"this chat cannot be resumed later: {state}/imagewire/chats/\S+\.jsonl: File too large\n",
    }
    assert re.search(words[command], told)
    assert "None" not in told
