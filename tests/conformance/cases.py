"""The cases, as they stand in the files of the folder `cases`."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "cases"
CASES: dict[Path, dict[str, Any]] = {path: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
# The languages that show what the contract does without a client.
STUBS = frozenset({"rust"})
KINDS = sorted({case.get("server", "plain") for case in CASES.values()})


def shown_by(language: str) -> dict[Path, dict[str, Any]]:
    """The cases that a language's runner passes: all, but for a client's own checks where there is no client."""
    return {path: case for path, case in CASES.items() if language not in STUBS or "by_client" not in case}
