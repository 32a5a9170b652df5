"""Puts samples and the table of cases into the clients' READMEs: python -m tests.conformance.readmes.

A block behind <!-- file: PATH --> is that file, without its first comment line; the text between <!-- parity --> and
<!-- parity end --> is the table of what the conformance cases show.
"""

import re
from collections import Counter, defaultdict
from pathlib import Path

from tests.conformance import cases
from tests.conformance.languages import LANGUAGES, ROOT

CLIENTS = ROOT / "clients"
READMES = (CLIENTS / "README.md", CLIENTS / "go/README.md", CLIENTS / "java/README.md")
_SPELLED = {"typescript": "TypeScript", "rust": "Stubs alone, in Rust"}
_FILE = re.compile(r"(<!-- file: (\S+) -->\n\n```(\w+)\n).*?(```\n)", re.DOTALL)
_PARITY = re.compile(r"(<!-- parity -->\n).*?(<!-- parity end -->)", re.DOTALL)


def spliced(path: Path) -> str:
    """A README with its code and its table as they are now."""

    def block(match: re.Match[str]) -> str:
        code = (path.parent / match[2]).read_text()
        return f"{match[1]}{code.split(chr(10), 1)[1]}{match[4]}"

    made = _FILE.sub(block, path.read_text())
    return _PARITY.sub(lambda match: f"{match[1]}\n{table()}\n{match[2]}", made)


def table() -> str:
    """For each call and each kind of server, how many cases each language's client passes."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for language in LANGUAGES:
        for case in cases.shown_by(language).values():
            calls = {f"`{step['call']}`" for step in case["steps"]}
            for row in (*calls, f"server `{case.get('server', 'plain')}`", "all"):
                counts[row][language] += 1
    names = [_SPELLED.get(name) or name.capitalize() for name in LANGUAGES]
    rows = [["Cases with", *names], ["---"] * (1 + len(names))]
    order = sorted(counts, key=lambda row: (row == "all", row))
    rows += [[row, *[str(counts[row][language]) for language in LANGUAGES]] for row in order]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    for readme in READMES:
        readme.write_text(spliced(readme))
