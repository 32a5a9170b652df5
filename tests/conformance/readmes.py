"""Puts samples and the table of cases into the clients' READMEs: python -m tests.conformance.readmes.

A block behind <!-- file: PATH --> is that file, without its first comment line; the text between <!-- parity --> and
<!-- parity end --> is the table of what the conformance cases show.
"""

import re
from collections import Counter
from pathlib import Path

from tests.conformance import cases
from tests.conformance.languages import LANGUAGES, ROOT

CLIENTS = ROOT / "clients"
READMES = (CLIENTS / "README.md", CLIENTS / "go/README.md", CLIENTS / "java/README.md")
_SPELLED = {"typescript": "TypeScript"}
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
    counts: Counter[str] = Counter()
    for case in cases.CASES.values():
        counts.update({f"`{step['call']}`" for step in case["steps"]})
        counts[f"server `{case.get('server', 'plain')}`"] += 1
    names = [_SPELLED.get(name) or name.capitalize() for name in LANGUAGES]
    rows = [["Cases with", *names], ["---"] * (1 + len(names))]
    rows += [[name, *[str(counts[name])] * len(names)] for name in sorted(counts)]
    rows.append(["all", *[str(len(cases.CASES))] * len(names)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    for readme in READMES:
        readme.write_text(spliced(readme))
