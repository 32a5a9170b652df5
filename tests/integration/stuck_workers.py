"""A program: watches two workers that are stuck and ignore SIGTERM.

Arguments: what they say first; the seconds that they may take to stop; how many tenths of a second they may be silent.
"""

import sys
from unittest import mock

from imagewire_server import cli, logs
from imagewire_server.process import supervisor

_STUCK = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.stdout.write(sys.argv[1])
sys.stdout.flush()
while True:
    time.sleep(60)
"""


async def main() -> int:
    command = [sys.executable, "-c", _STUCK, sys.argv[1]]
    patience = int(sys.argv[3])
    shorter = {"PACE": 0.1, "_CLEANUP": float(sys.argv[2]), "_PATIENCE": patience, "_PATIENCE_AT_START": patience}
    with mock.patch.multiple(supervisor, **shorter):
        return await supervisor.Workers(command, 2, 1, text=b"", reread=lambda: b"", drain_delay=0, drain_grace=0).run()


logs.configure("info")
sys.exit(cli._run(main()))
