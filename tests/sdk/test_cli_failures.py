"""The command imagewire when it fails: its exit codes, its words, and no half file."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from imagewire.cli.app import app
from imagewire.v1.chat_service_pb2 import CandidateFinished, Finished, Started
from tests import forked
from tests.integration import processes
from tests.integration.processes import Program
from tests.sdk.asks import failing
from tests.sdk.command import COMMAND, SMALL_DISK, left, run
from tests.sdk.conftest import Event, Script, good_stream, renumbered, scripted

# arguments, exit code, words on stderr
ENDS: list[tuple[list[str], int, str]] = [
    (["-m", "gemini/nope"], 2, "not found"),
    (["--aspect-ratio", "wide"], 2, "imagewire: --aspect-ratio: "),
    (["--size", "3K"], 2, "imagewire: --size: "),
    (["--service-tier", "gold"], 2, "imagewire: --service-tier: "),
    (["--frobnicate"], 2, "--frobnicate"),
    (["-m", "gemini/emulator-safety"], 3, "blocked (SAFETY"),
    (["-m", "gemini/emulator-image-safety"], 3, "IMAGE_SAFETY"),
    (["-m", "gemini/emulator-no-image"], 3, "NO_IMAGE"),
    (["-m", "gemini/emulator-503"], 4, "try again"),
    (["-m", "gemini/emulator-429-300"], 5, "try again in 300 s"),
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


def test_a_blocked_prompt_is_told_with_the_calls_id(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "x", "-m", "gemini/emulator-safety", "--json")
    told = json.loads(ended.stderr)["error"]
    assert (ended.returncode, bool(told["request_id"])) == (3, True)


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("prompts", [["x"], ["an x", "a y", "a z"]], ids=len)
def test_a_signal_cancels_and_leaves_nothing(tmp_path: Path, number: signal.Signals, prompts: list[str]) -> None:
    script = Script(events=good_stream(b"x" * 500_000)[:9], hold=True)
    with scripted(script) as target:
        process = forked.Popen(
            [*COMMAND, "draw", *prompts, "--target", target],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert script.sent.wait(20)
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
        assert script.ended.wait(60), "the call is cancelled"
    assert process.returncode == 130
    *notes, last = told.splitlines()
    assert last == b"imagewire: interrupted: no half file is left"
    # Of calls whose first event had not arrived.
    assert all(each.startswith(b"imagewire: it may be drawn and charged all the same: ") for each in notes), told
    assert left(tmp_path) == []


def test_ctrl_c_does_not_wait_for_the_next_attempt(tmp_path: Path) -> None:
    failed = threading.Event()

    def fail(context: Any) -> None:
        failed.set()
        failing("UNAVAILABLE", "OVERLOADED")(context)

    with scripted(Script(events=[], fail=fail)) as target:
        process = forked.Popen(
            [*COMMAND, "draw", "x", "--target", target], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert failed.wait(20)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - begun < 5, "it would have tried again in 7 s"


WAITING = """
import os, signal
from imagewire.client import Client
wait = Client._wait
def interrupted(client, seconds):
    os.kill(os.getpid(), signal.SIGTERM)
    wait(client, seconds)
Client._wait = interrupted
from imagewire.cli import main
main()
"""


def test_a_signal_after_refusals_alone_says_that_nothing_was_charged(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with scripted(Script(events=[], fail=failing("RESOURCE_EXHAUSTED", "UPSTREAM_RATE_LIMITED"))) as target:
        command = [sys.executable, "-c", WAITING]
        ended = run(tmp_path, target, "draw", "A cat", command=command, XDG_STATE_HOME=state)
    words = ['imagewire: "A cat": nothing was drawn or charged', "imagewire: interrupted: no half file is left"]
    assert (ended.returncode, ended.stderr.decode().splitlines()) == (130, words)
    told = run(tmp_path, target, "history", XDG_STATE_HOME=state)
    assert (told.stdout, told.stderr) == (b"", b"imagewire: nothing was drawn yet\n")


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "A cat", command=SMALL_DISK)
    note, words = ended.stderr.splitlines()
    assert b"--resume" in note
    assert words == b"imagewire: the picture: File too large; make room, or name another place with -o"
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert left(tmp_path) == []


@pytest.mark.parametrize("command", [["draw", "x"], ["ping"]])
def test_what_grpc_logs_is_not_printed(tmp_path: Path, command: list[str]) -> None:
    with scripted(Script()) as target:
        # gRPC is told when it is loaded, so this process starts by itself.
        ended = run(tmp_path, f"https://{target}", *command, command=["env", *COMMAND])
    first, second = ended.stderr.decode().splitlines()
    assert (ended.returncode, first.startswith(f"imagewire: no TLS with {target}")) == (4, True)
    assert second.startswith("imagewire: request id ")


def test_a_key_that_no_header_takes_is_one_line(tmp_path: Path) -> None:
    ended = run(tmp_path, "127.0.0.1:1", "draw", "x", IMAGEWIRE_API_KEY="secret\n")
    assert (ended.returncode, ended.stderr.count(b"\n"), b"secret" in ended.stderr) == (2, 1, False)
    assert ended.stderr.startswith(b"imagewire: api_key (else IMAGEWIRE_API_KEY) holds"), "and not --target"


def test_a_wrong_key_has_its_own_code(tmp_path: Path, emulator: Program) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("general_settings: {master_key: right}")
    with processes.server(emulator.address, "--config", str(config)) as server:
        for arguments in ["draw", "x"], ["ping"], ["models"], ["chat"]:
            ended = run(tmp_path, server.address, *arguments, stdin=b"x\n", IMAGEWIRE_API_KEY="wrong")
            assert (ended.returncode, ended.stdout) == (7, b"")
            assert b"IMAGEWIRE_API_KEY" in ended.stderr
        assert run(tmp_path, server.address, "ping", IMAGEWIRE_API_KEY="right").returncode == 0


@pytest.mark.parametrize("arguments", [["draw", "x", "--frob"], ["draw"], ["nope"], ["draw", "x", "--timeout", "inf"]])
def test_a_wrong_option_is_one_line(tmp_path: Path, arguments: list[str]) -> None:
    ended = run(tmp_path, "127.0.0.1:1", *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr.count(b"\n")) == (2, b"", 1)
    assert b"--help` tells what there is" in ended.stderr
    told = json.loads(run(tmp_path, "127.0.0.1:1", *arguments, "--json").stderr)["error"]
    assert told["code"] == "INVALID_ARGUMENT"


def test_a_failure_behind_a_whole_picture_does_not_lose_it(tmp_path: Path) -> None:
    script = Script(events=good_stream()[:-1], fail=failing("DATA_LOSS", "UPSTREAM_CUT"))
    with scripted(script) as target:
        ended = run(tmp_path, target, "draw", "x", "-o", "a.png")
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"imagewire: saved before that: a.png\n")
    assert left(tmp_path) == ["a.png"]


# arguments, stdin, words on stderr
MISTAKES: list[tuple[list[str], bytes, str]] = [
    ([""], b"", "PROMPT: is empty"),
    (["x", " "], b"", "PROMPT: is empty"),
    (["-"], b"\n", "PROMPT: is empty"),
    (["x", "--seed", "99999999999"], b"", "--seed"),
    (["x", "--target", "dns:///"], b"", "is no server's address"),
    (["x", "--timeout", "inf"], b"", "--timeout"),
    (["\udcff"], b"", "PROMPT"),
    (["-"], b"\xff", "PROMPT"),
    (["x", "--model", "\udcff"], b"", "cannot be sent"),
    (["x", "--json", "-o", "-"], b"", "leave one out"),
    (["x", "-o", "/dev/null"], b"", "is no file"),
    (["x", "-o", "none/"], b"", "there is no such folder"),
    (["x", "-o", "old.png"], b"", "--force"),
    (["x", "--force"], b"", "--force"),
    (["x", "--force", "-o", "."], b"", "--force"),
    (["x", "y", "-o", "a.png"], b"", "one file for several pictures"),
    (["x", "-n", "2", "-o", "-"], b"", "takes one picture"),
    (["x", "-n", "2", "--seed", "1"], b"", "--seed and -n"),
    (["-", "-"], b"x", "stdin can be read once"),
    (["x", "-o", "no/folder/a.png"], b"", "there is no folder"),
    (["x", "--edit", "none.png"], b"", "--edit none.png"),
    (["x", "--target", "https://a/b"], b"", "--target"),
]


@pytest.mark.parametrize(("arguments", "stdin", "words"), MISTAKES, ids=[ascii(row[0]) for row in MISTAKES])
def test_a_mistake_is_found_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], stdin: bytes, words: str
) -> None:
    script = Script()
    monkeypatch.chdir(tmp_path)
    Path("old.png").write_bytes(b"old")
    with scripted(script) as target:
        monkeypatch.setenv("IMAGEWIRE_TARGET", target)
        ended = CliRunner().invoke(app, ["draw", *arguments], input=stdin)
    assert (ended.exit_code, type(ended.exception)) == (2, SystemExit)
    assert words in ended.stderr
    assert script.requests == []
    assert left(tmp_path) == ["old.png"]


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
        "imagewire: --model: is required",
        "imagewire: request id id-1",
    ]
    assert (ended.returncode, ended.stderr.decode().splitlines()) == (2, lines)
