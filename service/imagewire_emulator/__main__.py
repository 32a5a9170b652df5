"""`python -m imagewire_emulator`."""

from imagewire_emulator.cli import main

if __name__ == "__main__":
    main()
