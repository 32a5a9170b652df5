"""`python -m imagewire` is the command imagewire."""

from imagewire.cli import main

main()
