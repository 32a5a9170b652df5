"""Every case, in every language: one runner for all cases of a kind of server."""

import asyncio
import json
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from imagewire_emulator.ledger import Entry
from tests.conformance import cases
from tests.conformance.compare import Json, differences
from tests.conformance.languages import LANGUAGES, ROOT, Command
from tests.conformance.servers import Server, serving
from tests.conftest import ended_upstream

pytestmark = pytest.mark.timeout(600)  # A first run compiles gRPC.


async def printed(command: Command, server: Server, paths: Sequence[Path]) -> dict[str, list[Json]]:
    """What a runner printed, by case. Its failure fails the test."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CONFORMANCE_", "IMAGEWIRE_"))}
    process = await asyncio.create_subprocess_exec(
        *command,
        *paths,
        cwd=ROOT,
        env={**environ, **server.environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    found: defaultdict[str, list[Json]] = defaultdict(list)
    for line in out.decode().splitlines():
        said = json.loads(line)
        found[said["case"]].append(said)
    assert process.returncode == 0, f"it failed after {list(found)[-1:]}:\n{errors.decode()[-5000:]}"
    return found


async def upstream(case: Json, server: Server) -> Json:
    """What the emulator was asked for a case: how often, and how that ended."""
    asked = [entry for entry in server.entries() if _is_of(case, entry)]
    for entry in asked:
        await ended_upstream(entry)
    return {"calls": len(asked), "outcomes": [entry.outcome for entry in asked]}


def _is_of(case: Json, entry: Entry) -> bool:
    return f'"{case["name"]}:' in json.dumps(entry.body, ensure_ascii=False)


@pytest.mark.parametrize("kind", cases.KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_cases(language: str, kind: str, tmp_path: Path) -> None:
    command = LANGUAGES[language]()
    chosen = {path: case for path, case in cases.CASES.items() if case.get("server", "plain") == kind}
    async with serving(kind, tmp_path) as server:
        found = await printed(command, server, list(chosen))
        drawn = {image["sha256"] for entry in server.entries() for image in entry.images}
        wrong = {}
        for case in chosen.values():
            wrong[case["name"]] = differences(case, found[case["name"]], drawn)
            if "upstream" in case:
                told = await upstream(case, server)
                wrong[case["name"]] += [
                    f"upstream.{name}: {told[name]} where {value} was expected"
                    for name, value in case["upstream"].items()
                    if told[name] != value
                ]
    failed = [f"{name}: {each}" for name, all_ in wrong.items() for each in all_]
    assert not failed, "\n".join(failed)
    assert len(wrong) == len(chosen) > 0
