"""The command imagewire: pictures from the terminal. stdout carries the result, stderr all that is said about it.

One module a command. What is heavy (gRPC, rich, Pillow) is loaded where it is first used: --help needs none of it.
"""

import signal

# What the extra "cli" installs. A program that uses the library alone needs none of it.
_PACKAGES = ("typer", "rich", "PIL", "textual_image", "prompt_toolkit")


def main() -> None:
    """The entry point. Exits with 2 when the extra "cli" is not installed."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Ctrl-C while the command is loaded ends the process at once, without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    import sys
    from importlib.util import find_spec

    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        if sys.stderr is not None:
            sys.stderr.write(
                f'imagewire: the command needs {", ".join(missing)}, not installed here: pip install "imagewire[cli]"\n'
            )
        sys.exit(2)
    from imagewire.cli.app import run

    run()
