"""docs/architecture.md lists the files that a new field takes, and they are those of a field that there is."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEADING = "### A new field of `Spec` with a capability"
# The field of the example and its capability, in protobuf's, Python's and Google's spelling.
NAMES = "thinking_?[lL]evels?"
MOST = 10
PROVIDERS = "service/imagewire_server/providers/"


def _listed() -> tuple[set[str], set[str]]:
    """The files that are edited, and those that are made from them."""
    section = (ROOT / "docs/architecture.md").read_text().split(HEADING)[1].split("\n#")[0]
    edited, made = section.split("Made from these")
    files = [set(re.findall(r"^- `([^`]+)`", part, re.MULTILINE)) for part in (edited, made)]
    return files[0], files[1]


def _found() -> set[str]:
    """Every file that has a name of the field, but for tests, documentation and the page, which offers what it likes.

    What other providers know of it does not count either.
    """
    page = [":!clients/typescript/web", ":!service/imagewire_server/api/rest/page"]
    command = ["git", "grep", "-lE", NAMES, "--", ":!tests", ":!clients/*/test/*", ":!docs", ":!*.md", *page]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return {name for name in found if not name.startswith(PROVIDERS) or name.startswith(f"{PROVIDERS}google/")}


def test_a_new_field_touches_few_files() -> None:
    edited, _ = _listed()
    assert 0 < len(edited) <= MOST


def test_the_list_is_what_a_field_takes() -> None:
    edited, made = _listed()
    assert _found() == edited | made
