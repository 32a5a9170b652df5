"""The command imagewire as a user has it: a process, its files, its streams."""

import hashlib
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagewire.files import named_after
from tests import forked
from tests.integration.processes import Program, ledger
from tests.sdk.command import COMMAND, left, run
from tests.sdk.conftest import Script, good_stream, scripted, three_pictures


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
    assert {"modality": "IMAGE", "tokens": 1290} in told["usage"]["candidates_tokens_details"]
    assert (told["finish_reason"], told["native_finish_reason"]) == ("STOP", "STOP")
    assert ended.stderr == b""


def test_a_picture_is_edited(tmp_path: Path, target: str, emulator: Program) -> None:
    assert run(tmp_path, target, "draw", "A cat", "-o", "cat.png").returncode == 0
    ended = run(tmp_path, target, "draw", "Frame it", "--edit", "cat.png", "--edit", "cat.png", "-o", "framed.png")
    assert ended.returncode == 0, ended.stderr
    parts = ledger(emulator.address)[-1]["body"]["contents"][0]["parts"]
    assert ["inlineData" in part for part in parts] == [True, True, False]


def test_names_come_from_the_prompt_and_nothing_is_overwritten(tmp_path: Path, target: str) -> None:
    for _ in range(2):
        assert run(tmp_path, target, "draw", "A red Bicycle, please!").returncode == 0
    assert left(tmp_path) == ["a-red-bicycle-please-2.png", "a-red-bicycle-please.png"]


def test_stdin_and_stdout(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "-", "-o", "-", stdin=b"A cat\n", TMPDIR=str(tmp_path))
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
        assert run(tmp_path, target, "draw", "x", "-o", "b.png", "--force").returncode == 0
    kept = [name for name in left(tmp_path) if (tmp_path / name).read_bytes() == b"old"]
    assert kept == ["b-1.png", "x-1.png", "x-2.png"]
    assert set(left(tmp_path)) - set(old) == {"x.png", "x-3.png", "x-4.png", "b-2.png", "b-3.png"}


def test_a_link_is_followed_when_it_is_overwritten(tmp_path: Path, target: str) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "b.png").write_bytes(b"old")
    (tmp_path / "a.png").symlink_to(tmp_path / "far" / "b.png")
    assert run(tmp_path, target, "draw", "x", "-o", "a.png", "-f").returncode == 0
    assert (tmp_path / "a.png").is_symlink()
    assert (tmp_path / "far" / "b.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    script = Script(hold=True)
    with scripted(script) as target:
        process = forked.Popen(
            [*COMMAND, "draw", "x", "-o", "a.png", "--target", target], cwd=tmp_path, stdout=subprocess.PIPE
        )
        assert script.sent.wait(20)
        (tmp_path / "a.png").write_bytes(b"theirs")
        script.over.set()
        printed, _ = process.communicate(timeout=20)
    assert (tmp_path / "a.png").read_bytes() == b"theirs"
    assert (tmp_path / "a-1.png").read_bytes() == b"picture" * 100
    assert b"a-1.png" in printed


def test_two_commands_never_choose_the_same_name(tmp_path: Path) -> None:
    names = [named_after("A cat", "image/png", tmp_path).name for _ in range(3)]
    assert names == ["a-cat.png", "a-cat-2.png", "a-cat-3.png"]


@given(st.text())
def test_any_prompt_makes_a_name(prompt: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = named_after(prompt, "image/png", Path(folder))
        assert path.is_file()
        assert path.parent == Path(folder)
        assert re.fullmatch(r"[^\W_]+(-[^\W_]+)*\.png", path.name)


def test_a_name_keeps_the_letters_of_any_script(tmp_path: Path) -> None:
    prompts = ["Ein Kätzchen", "一只猫", "Cafe\u0301", "?!"]
    names = [named_after(prompt, "image/png", tmp_path).name for prompt in prompts]
    assert names == ["ein-kätzchen.png", "一只猫.png", "café.png", "picture.png"]


def test_stdout_takes_one_picture_and_says_so(tmp_path: Path) -> None:
    with scripted(Script(events=three_pictures())) as target:
        ended = run(tmp_path, target, "draw", "x", "-o", "-")
    assert (ended.returncode, ended.stdout) == (0, b"picture" * 100)
    assert b"2 further file(s) not saved" in ended.stderr
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


def test_the_key_comes_from_the_environment(tmp_path: Path) -> None:
    script = Script()
    with scripted(script) as target:
        assert run(tmp_path, target, "draw", "x", IMAGEWIRE_API_KEY="k").returncode == 0
    assert script.metadata[0]["authorization"] == "Bearer k"


def test_a_suffix_that_lies_is_told(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "x", "-o", "a.jpg")
    assert ended.returncode == 0
    assert b"holds image/png" in ended.stderr


def test_version_and_help() -> None:
    version = forked.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("imagewire 0.")
    helped = forked.run([*COMMAND, "draw", "--help"], capture_output=True, text=True, check=True)
    assert "Exit codes" in helped.stdout
