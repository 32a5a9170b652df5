"""The commands imagewire-server and imagewire-emulator when stdout takes nothing, or Ctrl-C comes while they load."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked

FULL = [
    ("imagewire_server", ["--help"]),
    ("imagewire_server", ["--version"]),
    ("imagewire_server", ["check", "--config", "c.yaml", "--no-env"]),
    ("imagewire_server", ["emulate", "--help"]),
    ("imagewire_server", ["emulate", "--port", "0"]),
    ("imagewire_emulator", ["--help"]),
    ("imagewire_emulator", ["--version"]),
    ("imagewire_emulator", ["--port", "0"]),
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(("module", "arguments"), FULL, ids=[" ".join([module, *words]) for module, words in FULL])
def test_what_cannot_be_printed_is_no_traceback(tmp_path: Path, module: str, arguments: list[str]) -> None:
    (tmp_path / "c.yaml").write_text("model_list: [{model_name: a, litellm_params: {model: gemini/a, api_key: k}}]\n")
    with Path("/dev/full").open("wb") as full:
        ended = forked.run(
            [sys.executable, "-m", module, *arguments],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    name = module.replace("_", "-").encode()
    words = name + b": stdout: No space left on device; make room, or send it elsewhere\n"
    assert (ended.returncode, ended.stderr) == (1, words)


INTERRUPTED = """
import builtins, os, signal, sys
load = builtins.__import__
def interrupting(name, *given):
    if name == "aiohttp":
        os.kill(os.getpid(), signal.SIGINT)
    return load(name, *given)
builtins.__import__ = interrupting
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["imagewire-server", "emulate", "--port", "0"]
from imagewire_server.__main__ import main
main()
"""


def test_ctrl_c_while_the_servers_emulator_loads_ends_it_with_130() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    ended = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.strip()) == (130, b"", b"")
