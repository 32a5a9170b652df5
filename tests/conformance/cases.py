"""The cases, as they stand in the files of the folder `cases`."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "cases"
CASES: dict[Path, dict[str, Any]] = {path: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
KINDS = sorted({case.get("server", "plain") for case in CASES.values()})
