"""After a fork: nothing hangs, nothing of the parent's is ended, and who asks is told what to do instead."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.processes import Program
from tests.sdk.command import environ

pytestmark = pytest.mark.system

DRAW = """
import multiprocessing, os, threading
from imagewire import Client, completion

def say():
    return completion("gemini/gemini-2.5-flash-image", [{"role": "user", "content": "x"}]).choices[0].finish_reason

def tell(queue):
    try:
        queue.put(say())
    except Exception as error:
        queue.put(f"{type(error).__name__}: {error}")

def in_a_child():
    queue = multiprocessing.get_context("fork").SimpleQueue()
    child = multiprocessing.get_context("fork").Process(target=tell, args=(queue,))
    child.start()
    child.join(30)
    return queue.get()
"""


@pytest.fixture(params=["server", "embedded"])
def variables(request: pytest.FixtureRequest, emulator: Program, target: str) -> dict[str, str]:
    inside = {"IMAGEWIRE_GEMINI_BASE_URL": emulator.address, "GEMINI_API_KEY": "emulator-key"}
    return environ("embedded", **inside) if request.param == "embedded" else environ(target)


def run(code: str, variables: dict[str, str]) -> list[str]:
    command = [sys.executable, "-c", DRAW + code]
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_a_child_may_draw_where_its_parent_has_not(variables: dict[str, str]) -> None:
    assert run("print(in_a_child())\nprint(say())", variables) == ["stop", "stop"]


def test_a_child_of_one_that_has_drawn_is_told(variables: dict[str, str]) -> None:
    busy = """
on = True
threads = [threading.Thread(target=lambda: [say() for _ in iter(lambda: on, False)]) for _ in range(2)]
say()
for thread in threads: thread.start()
print(in_a_child())
on = False
for thread in threads: thread.join()
print(say())
"""
    told, still = run(busy, variables)
    assert told.startswith("NotSupported: this process was forked from one that had used imagewire")
    assert 'get_context("spawn")' in told
    assert still == "stop"


def test_a_child_that_ends_does_not_end_the_parents_server(emulator: Program) -> None:
    inside = {"IMAGEWIRE_GEMINI_BASE_URL": emulator.address, "GEMINI_API_KEY": "emulator-key"}
    code = """
socket = Client("embedded").target.removeprefix("unix:")
if not os.fork():
    raise SystemExit
os.wait()
print(socket, os.path.exists(socket), say())
"""
    (line,) = run(code, environ("embedded", **inside))
    socket, there, said = line.split()
    assert (there, said) == ("True", "stop")
    assert not Path(socket).parent.exists(), "and it goes with its own process"
