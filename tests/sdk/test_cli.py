"""The command imagewire as a user has it: a process, its files, its streams, its exit codes."""

import hashlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.integration.processes import Program, ledger
from tests.sdk.conftest import Script, good_stream, scripted
from tests.sdk.test_client import failing

COMMAND = [sys.executable, "-m", "imagewire"]


def run(folder: Path, target: str, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[bytes]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("IMAGEWIRE_")}
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        cwd=folder,
        env={**clean, "IMAGEWIRE_TARGET": target, "COLUMNS": "200", "NO_COLOR": "1"},
        timeout=30,
        input=None if stdin is None else stdin.encode(),
        check=False,
    )


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_draws_into_the_file(tmp_path: Path, target: str, emulator: Program) -> None:
    ended = run(tmp_path, target, "draw", "A banana", "-o", "banana.png", "--aspect-ratio", "16:9")
    assert ended.returncode == 0, ended.stderr
    data = (tmp_path / "banana.png").read_bytes()
    entry = ledger(emulator.address)[-1]
    assert hashlib.sha256(data).hexdigest() == entry["images"][0]["sha256"]
    assert entry["body"]["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9"}
    printed = ended.stdout.decode()
    assert "Here's the image you requested:" in printed
    assert f"sha256 {hashlib.sha256(data).hexdigest()}" in printed
    assert ended.stderr == b""
    assert left(tmp_path) == ["banana.png"]
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "banana.png").stat().st_mode & 0o777 == 0o666 & ~umask


def test_json_is_one_object_and_nothing_else(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "A banana", "-o", "b.png", "--json")
    told = json.loads(ended.stdout)
    with Image.open(tmp_path / "b.png") as picture:
        assert picture.size == (told["width"], told["height"])
    assert told["sha256"] == hashlib.sha256((tmp_path / "b.png").read_bytes()).hexdigest()
    assert told["frames"] > 1
    assert 0 < told["first_frame_seconds"] <= told["seconds"]
    assert told["usage"]["candidates_tokens"] == 1299
    assert (told["finish_reason"], told["native_finish_reason"]) == ("FINISH_REASON_STOP", "STOP")
    assert ended.stderr == b""


def test_a_picture_is_edited(tmp_path: Path, target: str, emulator: Program) -> None:
    assert run(tmp_path, target, "draw", "A cat", "-o", "cat.png").returncode == 0
    ended = run(tmp_path, target, "draw", "Frame it", "--image", "cat.png", "--image", "cat.png", "-o", "framed.png")
    assert ended.returncode == 0, ended.stderr
    parts = ledger(emulator.address)[-1]["body"]["contents"][0]["parts"]
    assert ["inlineData" in part for part in parts] == [True, True, False]


def test_names_come_from_the_prompt_and_nothing_is_overwritten(tmp_path: Path, target: str) -> None:
    for _ in range(2):
        assert run(tmp_path, target, "draw", "A red Bicycle, please!").returncode == 0
    assert left(tmp_path) == ["a-red-bicycle-please-2.png", "a-red-bicycle-please.png"]


def test_stdin_and_stdout(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "-", "-o", "-", stdin="A cat\n")
    assert ended.stdout.startswith(b"\x89PNG")
    assert left(tmp_path) == []


def test_further_pictures_are_numbered_and_drafts_dropped(tmp_path: Path, target: str) -> None:
    assert run(tmp_path, target, "draw", "x", "-m", "gemini/emulator-two-images", "-o", "a.png").returncode == 0
    assert left(tmp_path) == ["a-1.png", "a.png"]
    ended = run(tmp_path, target, "draw", "x", "-m", "gemini/emulator-drafts", "-o", "b.png")
    assert b"1 draft(s) not saved" in ended.stderr
    assert left(tmp_path) == ["a-1.png", "a.png", "b.png"]


def test_a_suffix_that_lies_is_told(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "x", "-o", "a.jpg")
    assert ended.returncode == 0
    assert b"holds image/png" in ended.stderr


# arguments, exit code, words on stderr
ENDS: list[tuple[list[str], int, str]] = [
    (["-m", "gemini/nope"], 2, "not found"),
    (["--aspect-ratio", "16x9"], 2, "spec.image_config.aspect_ratio"),
    (["--image", "none.png"], 2, "--image none.png"),
    (["-o", "no/folder/a.png"], 2, "there is no folder"),
    (["--frobnicate"], 2, "--frobnicate"),
    (["-m", "gemini/emulator-safety"], 3, "blocked (SAFETY)"),
    (["-m", "gemini/emulator-image-safety"], 3, "IMAGE_SAFETY"),
    (["-m", "gemini/emulator-no-image"], 3, "NO_IMAGE"),
    (["-m", "gemini/emulator-503"], 4, "try again"),
    (["-m", "gemini/emulator-429-30"], 5, "try again in 30 s"),
    (["-m", "gemini/emulator-silent", "--timeout", "0.3"], 6, "deadline"),
    (["-m", "gemini/emulator-reset"], 1, "broke off"),
    (["-m", "gemini/emulator-bad-base64"], 1, "base64"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), ENDS, ids=[row[2] for row in ENDS])
def test_each_end_has_its_code_and_its_words(
    tmp_path: Path, target: str, arguments: list[str], code: int, words: str
) -> None:
    output = [] if "-o" in arguments else ["-o", "a.png"]
    ended = run(tmp_path, target, "draw", "x", *output, *arguments)
    assert ended.returncode == code
    assert words.lower() in ended.stderr.decode().lower()
    assert b"Traceback" not in ended.stderr
    assert left(tmp_path) == [], "no file, no half file"


def test_errors_in_json_are_one_line_on_stderr(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "x", "--size", "1k", "--json")
    told = json.loads(ended.stderr)["error"]
    assert ended.stdout == b""
    assert (told["code"], told["reason"]) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert told["violations"][0]["field"] == "spec.image_config.image_size"


def test_no_server_is_told(tmp_path: Path) -> None:
    with scripted(Script()) as gone:
        pass
    ended = run(tmp_path, gone, "draw", "x")
    assert ended.returncode == 4
    assert b"imagewire-server serve" in ended.stderr


def test_ctrl_c_cancels_and_leaves_nothing(tmp_path: Path) -> None:
    script = Script(events=good_stream(b"x" * 500_000)[:9], hold=True)
    with scripted(script) as target:
        process = subprocess.Popen(
            [*COMMAND, "draw", "x", "-o", "a.png", "--target", target],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert script.sent.wait(20)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
        assert script.ended.wait(5), "the call is cancelled"
    assert process.returncode == 130
    assert b"interrupted" in told
    assert b"Traceback" not in told
    assert left(tmp_path) == []


def test_a_failure_late_in_the_stream_leaves_nothing(tmp_path: Path) -> None:
    script = Script(events=good_stream()[:-1], fail=failing("DATA_LOSS", "UPSTREAM_CUT"))
    with scripted(script) as target:
        ended = run(tmp_path, target, "draw", "x", "-o", "a.png")
    assert ended.returncode == 1
    assert left(tmp_path) == []


def test_a_terminal_sees_progress(tmp_path: Path, target: str) -> None:
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "draw", "x", "-m", "gemini/emulator-drip-600-3000000", "-o", "a.png", "--target", target],
        cwd=tmp_path,
        stderr=terminal,
        stdout=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(terminal)
    seen = b""
    try:
        while piece := os.read(main, 65536):
            seen += piece
    except OSError:
        pass  # the terminal's end on Linux
    os.close(main)
    printed, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"waiting for the model" in seen
    assert b"receiving" in seen
    assert b"MB" in seen
    assert b"receiving" not in printed


def test_version_and_help() -> None:
    version = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("imagewire 0.")
    helped = subprocess.run([*COMMAND, "draw", "--help"], capture_output=True, text=True, check=True)
    assert "Exit codes" in helped.stdout
