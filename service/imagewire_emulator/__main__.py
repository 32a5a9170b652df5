"""`python -m imagewire_emulator` and the command imagewire-emulator: load the command, and run it."""

import signal


def main() -> None:
    """The entry point."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Ctrl-C while the command is loaded ends the process at once, without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from imagewire_emulator.cli import emulate  # noqa: PLC0415
    from imagewire_emulator.command import run  # noqa: PLC0415

    run(emulate, "imagewire-emulator")


if __name__ == "__main__":
    main()
