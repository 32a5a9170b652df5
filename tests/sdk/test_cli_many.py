"""The command imagewire with several pictures: names, how many at once, and what a failure does to the others."""

import hashlib
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import grpc

from tests import forked
from tests.integration.processes import Program, ledger
from tests.sdk.command import COMMAND, left, run
from tests.sdk.conftest import Script, scripted


class Fussy(Script):
    """A server to which some prompts are special: "bad" fails, "slow" is held, "key" is refused."""

    def StreamCompletion(self, request: Any, context: Any) -> Any:
        prompt = request.spec.messages[0].parts[-1].text
        if "bad" in prompt:
            self.requests.append(request)
            context.abort(grpc.StatusCode.INTERNAL, "no luck")
        if "key" in prompt:
            self.requests.append(request)
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "wrong key")
        events = super().StreamCompletion(request, context)
        if "slow" in prompt:
            yield from self.events[:9]
            self.sent.set()
            self.over.wait(20)
            return
        yield from events


def test_each_prompt_is_a_call_and_a_file(tmp_path: Path, target: str) -> None:
    (tmp_path / "out").mkdir()
    ended = run(tmp_path, target, "draw", "A cat", "A dog", "-n", "2", "-o", "out")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert left(tmp_path / "out") == ["a-cat-2.png", "a-cat.png", "a-dog-2.png", "a-dog.png"]
    told = ended.stdout.decode()
    for path in (tmp_path / "out").iterdir():
        assert f"out/{path.name}  1024x1024" in told
        assert hashlib.sha256(path.read_bytes()).hexdigest() in told


def test_json_is_an_object_a_line(tmp_path: Path, target: str) -> None:
    ended = run(tmp_path, target, "draw", "A cat", "A dog", "A cow", "--json")
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert {line["prompt"]: line["file"] for line in told} == {
        "A cat": "a-cat.png",
        "A dog": "a-dog.png",
        "A cow": "a-cow.png",
    }
    assert all(line["cost_usd"] > 0 for line in told)


def test_no_more_than_four_run_at_once(tmp_path: Path, target: str, emulator: Program) -> None:
    before = len(ledger(emulator.address))
    prompts = [f"Cat {n}" for n in range(9)]
    ended = run(tmp_path, target, "draw", *prompts, "-m", "gemini/emulator-latency-300", "--json", "--yes")
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 9)
    calls = ledger(emulator.address)[before:]
    at_once = [sum(other["started"] <= call["started"] < other["ended_at"] for other in calls) for call in calls]
    assert 1 < max(at_once) <= 4


def test_a_failure_does_not_lose_the_others(tmp_path: Path) -> None:
    with scripted(Fussy()) as target:
        ended = run(tmp_path, target, "draw", "one", "a bad one", "two", "--json")
    assert ended.returncode == 1
    assert left(tmp_path) == ["one.png", "two.png"]
    assert {json.loads(line)["file"] for line in ended.stdout.splitlines()} == {"one.png", "two.png"}
    (line,) = ended.stderr.splitlines()
    assert json.loads(line)["error"]["prompt"] == "a bad one"


def test_for_people_a_failure_names_its_prompt(tmp_path: Path) -> None:
    with scripted(Fussy()) as target:
        ended = run(tmp_path, target, "draw", "one", "a bad\x1b one")
    first, *_ = ended.stderr.decode().splitlines()
    assert first == 'imagewire: "a bad\ufffd one": no luck'


def test_nothing_more_is_begun_when_it_would_fail_as_well(tmp_path: Path) -> None:
    script = Fussy()
    with scripted(script) as target:
        ended = run(tmp_path, target, "draw", *(f"key {n}" for n in range(50)), "--yes")
    assert ended.returncode == 7
    assert len(script.requests) < 20
    assert b" more not begun" in ended.stderr
    assert left(tmp_path) == []


def test_ctrl_c_keeps_what_is_done(tmp_path: Path) -> None:
    script = Fussy()
    with scripted(script) as target:
        process = forked.Popen(
            [*COMMAND, "draw", "one", "a slow one", "--target", target],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"Here it is\n"
        assert process.stdout.readline().startswith(b"one.png")
        assert script.sent.wait(20)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert left(tmp_path) == ["one.png"]
