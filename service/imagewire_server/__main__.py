"""`python -m imagewire_server` and the command imagewire-server: load the command, and run it."""

import signal


def main() -> None:
    """The entry point."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Ctrl-C while the command is loaded ends the process at once, without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from imagewire_server.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
