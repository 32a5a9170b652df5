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
from typer.testing import CliRunner

from imagewire import cli
from imagewire._files import named_after
from imagewire.v1.chat_service_pb2 import CandidateFinished, Finished, Started
from tests.integration.processes import Program, ledger
from tests.sdk.conftest import Event, Script, good_stream, renumbered, scripted, three_pictures
from tests.sdk.test_client import failing

COMMAND = [sys.executable, "-m", "imagewire"]


def run(
    folder: Path, target: str, *arguments: str | bytes, stdin: bytes | None = None, **env: str
) -> subprocess.CompletedProcess[bytes]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("IMAGEWIRE_")}
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        cwd=folder,
        env={**clean, "IMAGEWIRE_TARGET": target, "COLUMNS": "200", "NO_COLOR": "1", **env},
        timeout=30,
        input=stdin,
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
    ended = run(tmp_path, target, "draw", "-", "-o", "-", stdin=b"A cat\n")
    assert ended.stdout.startswith(b"\x89PNG")
    assert left(tmp_path) == []


def test_further_pictures_are_numbered_and_drafts_dropped(tmp_path: Path, target: str) -> None:
    assert run(tmp_path, target, "draw", "x", "-m", "gemini/emulator-two-images", "-o", "a.png").returncode == 0
    assert left(tmp_path) == ["a-1.png", "a.png"]
    ended = run(tmp_path, target, "draw", "x", "-m", "gemini/emulator-drafts", "-o", "b.png")
    assert b"1 draft(s) not saved" in ended.stderr
    assert left(tmp_path) == ["a-1.png", "a.png", "b.png"]


def test_no_file_is_overwritten_but_the_one_that_was_named(tmp_path: Path) -> None:
    old = ["x-1.png", "x-2.png", "b.png", "b-1.png"]
    for name in old:
        (tmp_path / name).write_bytes(b"old")
    with scripted(Script(events=three_pictures())) as target:
        assert run(tmp_path, target, "draw", "x").returncode == 0
        assert run(tmp_path, target, "draw", "x", "-o", "b.png").returncode == 0
    kept = [name for name in left(tmp_path) if (tmp_path / name).read_bytes() == b"old"]
    assert kept == ["b-1.png", "x-1.png", "x-2.png"]
    assert set(left(tmp_path)) - set(old) == {"x.png", "x-3.png", "x-4.png", "b-2.png", "b-3.png"}


def test_two_commands_never_choose_the_same_name(tmp_path: Path) -> None:
    names = [named_after("A cat", "image/png", tmp_path).name for _ in range(3)]
    assert names == ["a-cat.png", "a-cat-2.png", "a-cat-3.png"]


def test_stdout_takes_one_picture_and_says_so(tmp_path: Path) -> None:
    with scripted(Script(events=three_pictures())) as target:
        ended = run(tmp_path, target, "draw", "x", "-o", "-")
    assert (ended.returncode, ended.stdout) == (0, b"picture" * 100)
    assert b"2 further picture(s) not saved" in ended.stderr
    assert left(tmp_path) == []


def test_a_thought_that_is_known_at_its_end_is_no_text(tmp_path: Path) -> None:
    events = good_stream()
    events[5].part_finished.thought = True
    with scripted(Script(events=events)) as target:
        ended = run(tmp_path, target, "draw", "x", "--json")
    assert json.loads(ended.stdout)["text"] == ""


def test_words_that_the_terminal_cannot_show_are_no_failure(tmp_path: Path) -> None:
    events = good_stream()
    events[2].text_delta.text = "caf\u00e9 \u2014 "
    with scripted(Script(events=events)) as target:
        ended = run(tmp_path, target, "draw", "x", PYTHONIOENCODING="latin-1")
    assert ended.returncode == 0
    assert ended.stdout.startswith(b"caf\xe9 ?  it is\n")


def test_a_pipe_sees_no_progress_whatever_the_environment_says(tmp_path: Path) -> None:
    with scripted(Script()) as target:
        ended = run(tmp_path, target, "draw", "x", FORCE_COLOR="1", TTY_COMPATIBLE="1")
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("output", ["-", "a.png"])
def test_a_reader_that_goes_away_is_told(tmp_path: Path, output: str) -> None:
    with scripted(Script()) as target:
        reader, writer = os.pipe()
        os.close(reader)
        ended = subprocess.run(
            [*COMMAND, "draw", "x", "-o", output, "--target", target],
            cwd=tmp_path,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, b"imagewire: stdout was closed before all was printed\n")
    assert left(tmp_path) == [] if output == "-" else ["a.png"]


# arguments, stdin, words on stderr
MISTAKES: list[tuple[list[str], bytes, str]] = [
    (["x", "--seed", "99999999999"], b"", "--seed"),
    (["x", "--timeout", "inf"], b"", "--timeout"),
    (["\udcff"], b"", "PROMPT"),
    (["-"], b"\xff", "PROMPT"),
    (["x", "--model", "\udcff"], b"", "cannot be sent"),
    (["x", "--json", "-o", "-"], b"", "leave one out"),
    (["x", "-o", "."], b"", "is no file"),
    (["x", "-o", "/dev/null"], b"", "is no file"),
    (["x", "-o", "no/folder/a.png"], b"", "there is no folder"),
    (["x", "--image", "none.png"], b"", "--image none.png"),
    (["x", "--target", "https://a/b"], b"", "--target"),
]


@pytest.mark.parametrize(("arguments", "stdin", "words"), MISTAKES, ids=[ascii(row[0]) for row in MISTAKES])
def test_a_mistake_is_found_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], stdin: bytes, words: str
) -> None:
    script = Script()
    monkeypatch.chdir(tmp_path)
    with scripted(script) as target:
        monkeypatch.setenv("IMAGEWIRE_TARGET", target)
        ended = CliRunner().invoke(cli.app, ["draw", *arguments], input=stdin)
    assert (ended.exit_code, type(ended.exception)) == (2, SystemExit)
    assert words in ended.stderr
    assert script.requests == []
    assert left(tmp_path) == []


def test_a_prompt_that_is_no_text_is_no_traceback(tmp_path: Path) -> None:
    for arguments, stdin in ([b"\xff"], None), (["-"], b"\xff"):
        ended = run(tmp_path, "127.0.0.1:1", "draw", *arguments, stdin=stdin)
        assert (ended.returncode, ended.stderr) == (2, b"imagewire: PROMPT: is no UTF-8; convert it first\n")


def test_without_a_picture_json_has_the_answer_on_stdout_and_the_error_on_stderr(tmp_path: Path) -> None:
    end = CandidateFinished(native_finish_reason="IMAGE_SAFETY", finish_message="Not this one.")
    events = [Event(started=Started()), Event(candidate_finished=end), Event(finished=Finished())]
    with scripted(Script(events=renumbered(events))) as target:
        ended = run(tmp_path, target, "draw", "x", "--json")
    assert ended.returncode == 3
    told, error = json.loads(ended.stdout), json.loads(ended.stderr)["error"]
    assert (told["file"], told["files"], told["native_finish_reason"]) == (None, [], "IMAGE_SAFETY")
    assert (error["code"], error["reason"]) == ("NO_PICTURE", "IMAGE_SAFETY")
    assert "Not this one" in error["message"]


def test_each_wrong_field_has_its_line(tmp_path: Path) -> None:
    with scripted(Script(fail=failing("INVALID_ARGUMENT", "INVALID_REQUEST"), events=[])) as target:
        ended = run(tmp_path, target, "draw", "x")
    lines = [
        "imagewire: words; try again in 7 s",
        "imagewire: spec.model: is required",
        "imagewire: request id id-1",
    ]
    assert (ended.returncode, ended.stderr.decode().splitlines()) == (2, lines)


def test_a_suffix_that_lies_is_told(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "x", "-o", "a.jpg")
    assert ended.returncode == 0
    assert b"holds image/png" in ended.stderr


# arguments, exit code, words on stderr
ENDS: list[tuple[list[str], int, str]] = [
    (["-m", "gemini/nope"], 2, "not found"),
    (["--aspect-ratio", "16x9"], 2, "spec.image_config.aspect_ratio"),
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
