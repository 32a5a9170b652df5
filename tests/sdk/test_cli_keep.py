"""What the command finds again on a server that keeps answers: draw --resume, draw --cache-ttl, get and history."""

import contextlib
import hashlib
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import imagewire
from imagewire.cli import saving
from imagewire.cli.unfinished import Line
from tests.sdk.asks import failing
from tests.sdk.command import COMMAND, environ, left, run, terminal
from tests.sdk.conftest import Script, scripted
from tests.sdk.test_cli_schemas import valid

pytestmark = pytest.mark.system

DRIP = "gemini/emulator-drip-3000"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def command(work: Path, target: str, state: Path) -> Any:
    """Run the command; the state folder is the test's own."""

    def ran(*arguments: str, at: str = target) -> subprocess.CompletedProcess[bytes]:
        return run(work, at, *arguments, XDG_STATE_HOME=str(state))

    return ran


def unfinished(state: Path) -> list[str]:
    return [path.name for path in (state / "imagewire" / "unfinished").glob("*")]


def begun(work: Path, target: str, state: Path, *arguments: str, kill: bool) -> bytes:
    """Run the command until it receives a picture, then end it; what it printed."""
    with terminal(work, target, "draw", *arguments, XDG_STATE_HOME=str(state)) as shown:
        shown.until(b"receiving")
        if kill:
            shown.process.kill()
        else:
            shown.type(b"\x03")
        shown.end()
    return shown.seen


@contextlib.contextmanager
def started(folder: Path, target: str, *arguments: str, stdout: Any = None, **more: str) -> Iterator[Any]:
    """The command, while it runs."""
    with subprocess.Popen([*COMMAND, *arguments], cwd=folder, env=environ(target, **more), stdout=stdout) as process:
        try:
            yield process
        finally:
            process.kill()


def until_parts(*folders: Path) -> list[Path]:
    """The files that a command has begun, as soon as there are any with something in them."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for folder in folders:
            found = [path for path in folder.rglob(".imagewire-*-*") if path.stat().st_size]
            if found:
                return found
        time.sleep(0.01)
    raise AssertionError([left(folder) for folder in folders])


@pytest.mark.parametrize("kill", [True, False], ids=["kill", "ctrl-c"])
def test_what_was_ended_is_finished_and_paid_once(
    work: Path, target: str, state: Path, command: Any, paid: Any, kill: bool
) -> None:
    told = begun(work, target, state, "A cat", "-m", DRIP, "-o", "cat.png", kill=kill)
    assert kill or b"--resume" in told, told[-600:]
    assert len(unfinished(state)) == 1
    (waiting,) = valid("history", command("history", "--json").stdout.decode())
    assert (waiting["state"], waiting["prompt"], waiting["model"]) == ("unfinished", "A cat", DRIP)
    ended = command("draw", "A cat", "-m", DRIP, "-o", "cat.png", "--resume", "--json")
    (drawn,) = valid("draw", ended.stdout.decode())
    assert hashlib.sha256((work / "cat.png").read_bytes()).hexdigest() == drawn["sha256"]
    assert unfinished(state) == []
    assert paid() == 1
    again = command("draw", "A cat", "-m", DRIP, "-o", "other.png", "--resume")
    assert (again.returncode, b"nothing is unfinished" in again.stderr) == (2, True)
    assert paid() == 1


def test_ctrl_c_before_anything_came_says_how_to_get_what_is_paid(
    work: Path, target: str, state: Path, command: Any, paid: Any
) -> None:
    """The model is silent while it draws, for seconds, and charges all the same."""
    model = "gemini/emulator-latency-5000"
    arguments = [*COMMAND, "draw", "A cat", "-m", model]
    with subprocess.Popen(
        arguments, cwd=work, env=environ(target, XDG_STATE_HOME=str(state)), stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not paid() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, left(work)) == (130, [])
    found = re.search(r"the same command with --resume, or `imagewire get (\S+)`, finishes it", told)
    assert found is not None, told
    ended = command("get", found[1], "-o", "cat.png")
    assert (ended.returncode, left(work)) == (0, ["cat.png"]), ended.stderr
    assert paid() == 1


@pytest.mark.parametrize("output", ["cat.png", ".", "-"])
def test_what_a_killed_command_left_goes(
    work: Path, target: str, state: Path, command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    """Also where the command that finishes it writes to another folder."""
    other, temporary = tmp_path / "other", tmp_path / "temporary"
    other.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    (work / ".imagewire-0123456789abcdef").write_bytes(b"of somebody else")
    arguments = ["draw", "A cat", "-m", DRIP]
    with (
        (tmp_path / "stdout").open("wb") as stdout,
        started(work, target, *arguments, "-o", output, stdout=stdout, XDG_STATE_HOME=str(state)) as process,
    ):
        parts = until_parts(work, temporary)
        process.kill()
    assert len(parts) == 1
    ended = command(*arguments, "-o", str(other), "--resume")
    assert ended.returncode == 0, ended.stderr
    assert (left(work), left(other)) == ([".imagewire-0123456789abcdef"], ["a-cat.png"])
    assert [name for name in left(temporary) if name.startswith("imagewire-")] == []


def test_what_a_command_that_runs_has_written_stays(
    work: Path, target: str, state: Path, command: Any, paid: Any
) -> None:
    arguments = ["draw", "A cat", "-m", DRIP]
    with started(work, target, *arguments, "-o", "first.png", XDG_STATE_HOME=str(state)) as process:
        until_parts(work)
        process.send_signal(signal.SIGSTOP)  # or it ends before the other begins, where the machine is busy
        ended = command(*arguments, "-o", "second.png", "--resume")
        process.send_signal(signal.SIGCONT)
        assert ended.returncode == 0, ended.stderr
        assert process.wait(60) == 0
    assert left(work) == ["first.png", "second.png"]
    assert (work / "first.png").read_bytes() == (work / "second.png").read_bytes()
    assert paid() == 1


def test_what_the_server_never_got_is_drawn(
    work: Path, target: str, state: Path, command: Any, paid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command was killed behind its note, and before its call."""
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    Line("", target, {}, []).begin("A cat", work)
    ended = command("draw", "A cat", "--resume")
    assert (ended.returncode, left(work), paid()) == (0, ["a-cat.png"], 1)
    assert unfinished(state) == []


def test_only_the_same_call_is_resumed(work: Path, target: str, state: Path, command: Any, paid: Any) -> None:
    begun(work, target, state, "A cat", "-n", "2", "-m", DRIP, kill=True)
    begun_calls = paid()
    for other in (["A dog", "-m", DRIP], ["A cat"], ["A cat", "-m", DRIP, "--size", "2K"]):
        assert command("draw", *other, "--resume").returncode == 2
    ended = command("draw", "A cat", "-n", "3", "-m", DRIP, "--resume")
    assert ended.returncode == 0
    assert re.search(rb"1 of 3 are not unfinished", ended.stderr)
    assert [name for name in left(work) if not name.startswith(".")] == ["a-cat-2.png", "a-cat.png"]
    assert paid() == begun_calls == 2


def test_get_saves_an_answer_and_a_picture(work: Path, command: Any, paid: Any) -> None:
    (drawn,) = valid("draw", command("draw", "A cat", "--json").stdout.decode())
    (listed,) = valid("history", command("history", "--json").stdout.decode())
    assert (listed["completion_id"], listed["image_ids"]) == (drawn["completion_id"], [drawn["image_id"]])
    assert (listed["files"], listed["cost_usd"]) == ([str(work / "a-cat.png")], drawn["cost_usd"])
    (again,) = valid("draw", command("get", drawn["completion_id"], "--json").stdout.decode())
    assert (again["file"], again["sha256"], again["text"]) == ("a-cat-2.png", drawn["sha256"], drawn["text"])
    (picture,) = valid("draw", command("get", drawn["image_id"], "-o", "b.png", "--json").stdout.decode())
    assert (picture["file"], picture["sha256"]) == ("b.png", drawn["sha256"])
    assert hashlib.sha256(command("get", drawn["image_id"], "-o", "-").stdout).hexdigest() == drawn["sha256"]
    assert command("get", "cmpl-none").returncode == 2
    assert command("get", "img-none").returncode == 2
    assert paid() == 1


def test_history_is_told_to_people(work: Path, command: Any) -> None:
    assert command("history").stderr == b"imagewire: nothing was drawn yet\n"
    for prompt in ("A cat", "A dog"):
        command("draw", prompt)
    cat, dog = command("history").stdout.decode().splitlines()
    assert re.fullmatch(rf'\d{{4}}-\S+  cmpl-\S+  \S+  \$0\.\d+  "A cat"  {work}/a-cat\.png', cat)
    assert dog.endswith("a-dog.png")


def test_where_nothing_is_kept_it_draws_as_before(
    work: Path, state: Path, not_keeping: str, command: Any, paid: Any
) -> None:
    assert command("draw", "A cat", at=not_keeping).returncode == 0
    assert (unfinished(state), paid()) == ([], 1)
    (listed,) = valid("history", command("history", "--json").stdout.decode())
    ended = command("get", listed["completion_id"], at=not_keeping)
    assert (ended.returncode, b"keeps no answers" in ended.stderr, listed["image_ids"]) == (1, True, [])


@pytest.mark.parametrize(
    ("code", "reason", "stays"),
    [
        ("INVALID_ARGUMENT", "INVALID_REQUEST", False),
        ("ABORTED", "OUTCOME_UNKNOWN", False),
        ("RESOURCE_EXHAUSTED", "UPSTREAM_RATE_LIMITED", False),
        ("ABORTED", "SHUTTING_DOWN", True),
        ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", True),
    ],
)
def test_what_may_be_drawn_stays_unfinished(state: Path, command: Any, code: str, reason: str, stays: bool) -> None:
    with scripted(Script(events=[], fail=failing(code, reason, pushback="-1"))) as failed:
        assert command("draw", "A cat", at=failed).returncode != 0
    assert len(unfinished(state)) == stays


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("UNAVAILABLE", "STORE_UNAVAILABLE"),
        ("FAILED_PRECONDITION", "KEEP_OFF"),
        ("RESOURCE_EXHAUSTED", "OVERLOADED"),
        ("UNAUTHENTICATED", "UNAUTHENTICATED"),
    ],
)
def test_what_an_earlier_command_may_have_paid_for_is_not_drawn_anew(
    state: Path, command: Any, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    script = Script(events=[], fail=failing(code, reason, pushback="-1"))
    with scripted(script) as failed:
        ident = Line("", failed, {}, []).begin("A cat", state).request_id
        ended = command("draw", "A cat", "--resume", at=failed)
    assert (ended.returncode != 0, b"repeat --resume later" in ended.stderr) == (True, True), ended.stderr
    assert {request.request_id for request in script.requests} == {ident}
    assert unfinished(state) == [f"{ident}.json"]


def test_a_state_folder_that_takes_nothing_is_told(work: Path, state: Path, command: Any) -> None:
    state.write_text("a file")
    ended = command("draw", "A cat")
    assert (ended.returncode, left(work)) == (0, ["a-cat.png"])
    assert b"--resume cannot finish this later" in ended.stderr
    assert b"`imagewire history` will not have this" in ended.stderr


def test_old_entries_go(state: Path, command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    answer = imagewire.Answer(id="cmpl-1")
    for number in range(1201):
        saving.drawings.add(str(number), answer, [])
    told = [row["prompt"] for row in saving.drawings.load()]
    assert told == [str(number) for number in range(201, 1201)]


def test_what_was_drawn_alike_is_had_from_the_cache(work: Path, command: Any, paid: Any) -> None:
    asked = "draw", f"A banana {uuid.uuid4()}", "--cache-ttl"  # that no other test has drawn
    drawn, again = (valid("draw", command(*asked, "600", "--json").stdout.decode())[0] for _ in "12")
    assert (drawn["sha256"], again["cost_usd"]) == (again["sha256"], 0.0)
    assert len(left(work)) == 2
    assert paid() == 1
    assert command(*asked, "0").returncode == 0
    assert paid() == 2
    refused = command(*asked, "600", "-n", "2")
    assert (refused.returncode, b"exclude each other" in refused.stderr) == (2, True)
    assert paid() == 2
