"""Signals that end the command: no task that one of them hits leaves a traceback."""

import signal
import subprocess
import sys

import pytest

TASK = """
import asyncio, gc
from imagewire.cli import signals
signals.end_with_signals()
async def hit():
    raise {error}("x")
async def main():
    task = asyncio.create_task(hit())
    await asyncio.sleep(1)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
gc.collect()
"""


@pytest.mark.parametrize("error", ["signals.Terminated", "KeyboardInterrupt"])
def test_a_task_that_a_signal_ends_is_not_told(error: str) -> None:
    ended = subprocess.run([sys.executable, "-c", TASK.format(error=error)], capture_output=True, check=True)
    assert ended.stderr == b""


LOCKED = """
import signal, threading, time, types
from imagewire.cli import signals
signals.end_with_signals()
frame = types.SimpleNamespace(f_code=threading.Condition.{method}.__code__)
signals.end(signal.{name}, frame)
try:
    while True:
        time.sleep(60)
except KeyboardInterrupt as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize(("name", "raised"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "Terminated")])
@pytest.mark.parametrize("method", ["__enter__", "__exit__"])
def test_a_signal_waits_until_a_lock_is_taken_or_given_back(name: str, raised: str, method: str) -> None:
    """gRPC's would stay taken, and the command would wait for ever when it closes the channel."""
    code = LOCKED.format(name=name, method=method)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ended.stdout.split() == [raised]


LOADED = """
import signal, sys
before = set(sys.modules)
from {module} import main
print(*sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize("module", ["imagewire.cli", "imagewire_emulator.__main__", "imagewire_server.__main__"])
def test_nothing_is_loaded_before_a_command_prepares_for_ctrl_c(module: str) -> None:
    code = LOADED.format(module=module)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ended.stdout.split() == [module.partition(".")[0], module]


INTERRUPTED = """
import os, signal, sys
from imagewire.cli import main
sys.addaudithook(lambda event, args: os.kill(os.getpid(), signal.SIGINT) if event == "import" else None)
main()
"""


def test_ctrl_c_while_the_command_is_loaded_says_nothing() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, b"")
