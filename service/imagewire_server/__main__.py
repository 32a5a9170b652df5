"""`python -m imagewire_server` is the command imagewire-server."""

from imagewire_server.cli import main

main()
