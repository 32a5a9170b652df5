"""The command imagewire in a terminal: progress, the picture, what is said of it; and nothing of that elsewhere."""

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pyte
import pytest
from PIL import Image

from tests.integration.processes import Program
from tests.sdk.command import COMMAND, KITTY, environ, left, outcome, run, terminal
from tests.sdk.conftest import Script, good_stream, scripted

pytestmark = pytest.mark.system

# The terminal has a tenth of a second to answer.
quick = pytest.mark.alone

DRIP = "gemini/emulator-drip-600-3000000"
HALF_BLOCK = "\u2580"
COLOUR = re.compile(rb"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7])[0-9;]*m")


def screen(seen: bytes) -> list[str]:
    """What stands in the terminal after all that was printed, what has scrolled away included."""
    # pyte knows no application's strings, such as kitty's query.
    shown = pyte.Screen(100, 200)
    pyte.ByteStream(shown).feed(KITTY.sub(b"", seen))
    return [line.rstrip() for line in shown.display if line.strip()]


def test_progress_the_picture_the_path_and_the_tokens(tmp_path: Path, target: str) -> None:
    with terminal(tmp_path, target, "draw", "A red house", "-m", DRIP) as shown:
        assert shown.end() == 0
    for words in b"waiting for the model", b"receiving", b"MB":
        assert words in shown.seen
    lines = screen(shown.seen)
    blocks = [line for line in lines if HALF_BLOCK in line]
    # 256 by 256 pixels in cells that are twice as high as wide, as high as the room for it.
    assert (len(blocks), {len(line) for line in blocks}) == (24, {48})
    assert lines[-2].startswith("a-red-house.png  256x256  3.0 MB  1182 tokens  sha256 ")
    assert not any("receiving" in line for line in lines), "progress goes when it is over"
    assert left(tmp_path) == ["a-red-house.png"]


def test_the_cost_where_the_server_knows_it(tmp_path: Path, target: str) -> None:
    with terminal(tmp_path, target, "draw", "A red house") as shown:
        assert shown.end() == 0
    assert b"waiting for the model" in shown.seen
    lines = screen(shown.seen)
    assert sum(HALF_BLOCK in line for line in lines) == 24
    assert re.match(r"a-red-house\.png  1024x1024  \d\.\d MB  \$0\.0387  sha256 ", lines[-2])


def test_piped_the_same_command_prints_json_and_nothing_else(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "A red house", "--json", FORCE_COLOR="1", TTY_COMPATIBLE="1")
    (line,) = ended.stdout.splitlines()
    told = json.loads(line)
    assert (told["file"], told["width"], ended.stderr) == ("a-red-house.png", 1024, b"")
    assert told["cost_usd"] == told["usage"]["cost_usd"] > 0


def test_a_pipe_gets_no_picture_though_it_was_typed_in_a_terminal(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    main, side = pty.openpty()
    shown = {**environ("127.0.0.1:1"), "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    del shown["NO_COLOR"]
    ended = subprocess.run(
        [*COMMAND, "show", "red.png"],
        cwd=tmp_path,
        env=shown,
        stdin=side,
        stdout=subprocess.PIPE,
        timeout=30,
        check=True,
    )
    os.close(main)
    os.close(side)
    (line,) = ended.stdout.splitlines()
    assert line.startswith(b"red.png  PNG  64x64")


def test_json_in_a_terminal_is_json_beside_the_progress(tmp_path: Path, target: str) -> None:
    with terminal(tmp_path, target, "draw", "A red house", "-m", DRIP, "--json") as shown:
        assert shown.end() == 0
    assert b"receiving" in shown.seen
    assert b"\x1b[c" not in shown.seen, "the terminal is not asked for what is not shown"
    assert json.loads("".join(screen(shown.seen)))["file"] == "a-red-house.png"


@quick
def test_kittys_protocol_is_used_where_the_terminal_knows_it(tmp_path: Path, target: str) -> None:
    with terminal(tmp_path, target, "draw", "A red house", knows="kitty") as shown:
        assert shown.end() == 0
    assert re.search(rb"\x1b_Gi=\d+,m=1,f=100,q=2;iVBORw0K", shown.seen), "a PNG in pieces"
    assert "\U0010eeee".encode() in shown.seen, "the place where it stands"
    assert HALF_BLOCK.encode() not in shown.seen
    assert b"a-red-house.png" in shown.seen


@quick
def test_sixel_is_used_where_the_terminal_knows_it(tmp_path: Path, target: str) -> None:
    with terminal(tmp_path, target, "draw", "A red house", knows="sixel") as shown:
        assert shown.end() == 0
    assert re.search(rb'\x1bP0;0;0q"1;1;480;480#', shown.seen)
    assert KITTY.search(shown.seen) is None, "one answer is enough"
    assert HALF_BLOCK.encode() not in shown.seen


def test_no_color_means_no_colour_and_so_no_picture(tmp_path: Path, target: str) -> None:
    with terminal(tmp_path, target, "draw", "A red house", "-m", DRIP, NO_COLOR="1") as shown:
        assert shown.end() == 0
    assert b"receiving" in shown.seen
    assert COLOUR.search(shown.seen) is None
    assert HALF_BLOCK.encode() not in shown.seen
    with terminal(tmp_path, target, "draw", "A red house", "-m", DRIP) as shown:
        assert shown.end() == 0
    assert COLOUR.search(shown.seen) is not None


@pytest.mark.parametrize("arguments", [["--no-preview"], ["-o", "a.png", "--no-preview"]])
def test_the_picture_can_be_left_out(tmp_path: Path, target: str, arguments: list[str]) -> None:
    with terminal(tmp_path, target, "draw", "x", *arguments) as shown:
        assert shown.end() == 0
    assert HALF_BLOCK.encode() not in shown.seen
    assert b"\x1b[c" not in shown.seen


def test_a_picture_that_cannot_be_shown_is_no_failure(tmp_path: Path) -> None:
    with scripted(Script()) as target, terminal(tmp_path, target, "draw", "x") as shown:
        assert shown.end() == 0
    assert b"x.png" in shown.seen
    assert b"Traceback" not in shown.seen


def test_what_a_model_says_moves_no_cursor(tmp_path: Path) -> None:
    events = good_stream()
    events[2].text_delta.text = "a\x1b]0;title\x07b\x9bc\n"
    with scripted(Script(events=events)) as target, terminal(tmp_path, target, "draw", "x") as shown:
        assert shown.end() == 0
    assert "a\ufffd]0;title\ufffdb\ufffdc".encode() in shown.seen


def test_stdout_in_a_terminal_takes_no_bytes_of_a_picture(tmp_path: Path) -> None:
    script = Script()
    with scripted(script) as target, terminal(tmp_path, target, "draw", "x", "-o", "-") as shown:
        assert shown.end() == 2
    assert b"redirect stdout" in shown.seen
    assert script.requests == []


def test_ctrl_c_cancels_upstream_and_leaves_nothing(tmp_path: Path, not_keeping: str, emulator: Program) -> None:
    with terminal(tmp_path, not_keeping, "draw", "x", "-m", "gemini/emulator-drip-20000-2000000") as shown:
        shown.until(b"receiving")
        shown.type(b"\x03")
        assert shown.end() == 130
    assert outcome(emulator.address) == "client_disconnected"
    assert "imagewire: interrupted: no half file is left" in screen(shown.seen)
    assert b"Traceback" not in shown.seen
    assert left(tmp_path) == []


@quick
def test_a_silent_terminal_costs_little(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    with terminal(tmp_path, "127.0.0.1:1", "show", "red.png") as shown:
        asked = shown.when(b"\x1b[c")
        drawn = shown.when(HALF_BLOCK.encode())
        assert shown.end() == 0
    assert drawn - asked < 0.8, "two questions of 0.1 s each, and drawing it"


def test_a_job_in_the_background_is_not_stopped_by_asking_the_terminal(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    with terminal(tmp_path, "127.0.0.1:1", "show", "red.png", background=True) as shown:
        assert shown.end() == 0
    assert b"red.png  PNG  64x64" in shown.seen
    assert HALF_BLOCK.encode() not in shown.seen
