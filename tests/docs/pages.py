"""The code blocks of a page, and whether what they print is what the page says they print."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NAMES = sorted(
    str(path.relative_to(ROOT))
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "clients/python/README.md",
        *(ROOT / "docs").glob("*.md"),
    )
)


@dataclass(frozen=True, slots=True)
class Block:
    """line: of its first line of code, from 1. output: of what runs before it; `text` and `json` alone."""

    line: int
    language: str
    code: str
    output: bool = False


def blocks(text: str) -> list[Block]:
    """The blocks of a page, in order. A `text` or `json` block shows what the block right before it prints."""
    found: list[Block] = []
    for match in re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        language, line = match[1], text.count("\n", 0, match.start()) + 2
        output = language in {"text", "json"} and bool(found) and found[-1].language in {"python", "sh"}
        found.append(Block(line, language, match[2], output))
    return found


def like(shown: str, printed: str) -> bool:
    """Whether a text is the one that is shown, in which "..." stands for anything."""
    pattern = ".*".join(re.escape(piece) for piece in shown.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def alike(shown: Any, printed: Any) -> bool:
    """The same for JSON: what is shown must be there; further keys may be."""
    match shown:
        case dict():
            return isinstance(printed, dict) and all(
                key in printed and alike(value, printed[key]) for key, value in shown.items()
            )
        case list():
            return (
                isinstance(printed, list)
                and len(shown) == len(printed)
                and all(alike(one, other) for one, other in zip(shown, printed, strict=True))
            )
        case str() if isinstance(printed, str):
            return like(shown, printed)
        case "...":
            return True
    return bool(shown == printed)


def shows(block: Block, printed: str) -> bool:
    """Whether a block of output is what was printed."""
    return alike(json.loads(block.code), json.loads(printed)) if block.language == "json" else like(block.code, printed)
