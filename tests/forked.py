"""Programs of ours as processes that start at once: forked from one that has loaded what they import.

Such a process is an ordinary one in all else: its own pid, files, environment, working directory and end. What only the
start of an interpreter does is not there: options of Python, PYTHON* variables, and the time that imports take.
"""

import atexit
import ctypes
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

_ROOT = Path(__file__).parents[1]
_OURS = ("imagewire", "imagewire_emulator", "imagewire_server")
# What ours import only when they need it. textual_image is not there: it asks the terminal when it is imported.
_LATER = (
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "encodings.idna",
    "rich.progress",
    "uvicorn.lifespan.off",
    "uvloop",
)
_LOCK = threading.Lock()
# The exit code that the program has asked for.
_codes: list[Any] = []
_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


class Popen(subprocess.Popen[Any]):
    """subprocess.Popen of [sys.executable, "-m", MODULE, ...] or [sys.executable, "FILE.py", ...].

    It is forked on Linux, where the interpreter is as here.
    """

    def __new__(cls, command: Sequence[Any], *, env: Any = None, **options: Any) -> Any:
        alike = env is None or _of_python(env) == _of_python(os.environ)
        ours = command[0] == sys.executable and (command[1] == "-m" or str(command[1]).endswith(".py"))
        if sys.platform != "linux" or not alike or not ours:
            return subprocess.Popen(command, env=env, **options)
        return super().__new__(cls)

    def _execute_child(self, args: Sequence[Any], *given: Any) -> None:
        """Start the process, in the place of the method that runs a file."""
        (_, _, _, _, cwd, env, _, _, _, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *_) = given
        files = [own if own != -1 else number for number, own in enumerate((p2cread, c2pwrite, errwrite))]
        try:
            self.pid = _fork(
                args[2 if args[1] == "-m" else 1 :], cwd or Path.cwd(), os.environ if env is None else env, files
            )
            self._child_created = True
        finally:
            self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)


def _of_python(env: Any) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith("PYTHON")}


def run(
    command: Sequence[Any],
    *,
    input: Any = None,  # noqa: A002  # subprocess's name
    capture_output: bool = False,
    timeout: float | None = None,
    check: bool = False,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """subprocess.run, with the Popen above."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Popen(command, **options) as process:
        try:
            printed, told = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    ended = subprocess.CompletedProcess(command, process.returncode, printed, told)
    if check:
        ended.check_returncode()
    return ended


def _fork(arguments: Sequence[Any], cwd: Any, env: Any, files: list[int]) -> int:
    """Have a module or a file run with arguments; the pid of its process, which is a child of this one."""
    asked = [[os.fsdecode(word) for word in arguments], os.fsdecode(cwd), {**env}]
    control, prctl = _loaded()
    with _LOCK:
        # It is forked twice, so that its first parent is gone: who is told of its end then is this process.
        prctl(_PR_SET_CHILD_SUBREAPER, 1)
        socket.send_fds(control, [json.dumps(asked).encode()], files)
        pid = int(control.recv(32) or 0)
        prctl(_PR_SET_CHILD_SUBREAPER, 0)
    assert pid, "the process that forks has ended"
    return pid


@functools.cache
def _loaded() -> tuple[socket.socket, Any]:
    """Where the process listens that has loaded it all, and the call that makes this one the parent of its children."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
        # gRPC reads these when it is loaded, and each of the programs sets them before that.
        environ = {**os.environ, "GRPC_ENABLE_FORK_SUPPORT": "0", "GRPC_VERBOSITY": "NONE"}
        process = subprocess.Popen(
            command, cwd=_ROOT, pass_fds=(theirs.fileno(),), env=environ, stdin=subprocess.DEVNULL
        )
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours, ctypes.CDLL(None).prctl


def _serve(control: socket.socket) -> None:
    """Fork at each request; return in the child, which is to run it. End when nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        message, files, *_ = socket.recv_fds(control, 1 << 20, 3)
        if not message:
            sys.exit()
        begun, begins = os.pipe()
        if not os.fork():
            if pid := os.fork():
                os.write(begins, str(pid).encode())
                os._exit(0)
            break
        os.wait()
        control.send(os.read(begun, 32))
        for file in (begun, begins, *files):
            os.close(file)
    control.close()
    for file in (begun, begins):
        os.close(file)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    _become(*json.loads(message))


def _become(arguments: list[str], cwd: str, env: dict[str, str]) -> None:
    """Be as a process that was started so; then run what was asked for, until its end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    name = arguments[0]
    is_file = name.endswith(".py")
    sys.path[0] = str(Path(name).absolute().parent) if is_file else cwd
    for variable in os.environ.keys() - env.keys():
        del os.environ[variable]
    os.environ.update(env)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, buffering, errors=file.errors, closefd=False)  # noqa: SIM115  # for as long as it runs
        for number, mode, buffering, file in (
            (0, "r", -1, sys.stdin),
            (1, "w", -1, sys.stdout),
            (2, "w", 1, sys.stderr),
        )
    )
    sys.argv[1:] = arguments[1:]
    gc.enable()
    try:
        if is_file:
            sys.argv[0] = name
            runpy.run_path(name, run_name="__main__")
        else:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        _codes.append(end.code or 0)
        raise


def _end() -> None:
    """End without giving back all memory, object by object, which takes longer than most of these processes run."""
    if not _codes or not isinstance(_codes[0], int):
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return  # the interpreter tells of it
    os._exit(_codes[0])


def _command(option: int = 1) -> None:
    """A command with an option."""


def _load() -> None:
    """Import all that the programs may."""
    for package in map(importlib.import_module, _OURS):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name in _LATER:
        importlib.import_module(name)
    app = typer.Typer()
    app.command()(_command)
    CliRunner().invoke(app)  # typer loads a part of itself with its first command


if __name__ == "__main__":
    atexit.register(_end)  # the first is called last
    _load()
    gc.disable()
    gc.freeze()  # or the first collection of each process would copy the pages of all that is loaded
    _serve(socket.socket(fileno=int(sys.argv[1])))
