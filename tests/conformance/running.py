"""Runs the cases of one kind of server with one language's runner, and compares what it printed."""

import asyncio
import json
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from imagewire_emulator.ledger import Entry
from tests.conformance import cases
from tests.conformance.compare import Json, differences
from tests.conformance.languages import ROOT, Command
from tests.conformance.servers import Server, serving
from tests.conftest import ended_upstream


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
    for line in out.splitlines():  # of bytes: only what JSON escapes ends one
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


async def judged(language: str, command: Command, kind: str, folder: Path) -> dict[str, list[str]]:
    """What was wrong in each case of a kind, by its name. folder: for the server's files."""
    chosen = {path: case for path, case in cases.shown_by(language).items() if case.get("server", "plain") == kind}
    wrong = {}
    async with serving(kind, folder) as server:
        found = await printed(command, server, list(chosen))
        for case in chosen.values():
            wrong[case["name"]] = await wrong_in(case, found[case["name"]], server)
    return wrong


async def wrong_in(case: Json, seen: Sequence[Json], server: Server) -> list[str]:
    """What was wrong in one case that has run."""
    drawn = {image["sha256"] for entry in server.entries() for image in entry.images}
    wrong = differences(case, seen, drawn)
    if "upstream" in case:
        told = await upstream(case, server)
        wrong += [
            f"upstream.{name}: {told[name]} where {value} was expected"
            for name, value in case["upstream"].items()
            if told[name] != value
        ]
    return wrong
