"""Record one call: `recorded.py FOLDER`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from imagewire_emulator.transcripts import har

call = har.Call(har.Request("GET", "/", (), (), None, ""), 200, (), ())
har.write(Path(sys.argv[1]), call, "", datetime.now(UTC))
