"""The driver itself: the cases are well-formed, and it notices what deviates."""

import copy
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from imagewire_server.services import stream_writer
from imagewire_server.services.image_chunk import Outgoing, file_bytes, serialized
from tests.conformance import cases
from tests.conformance.compare import Json, differences
from tests.conformance.languages import LANGUAGES, Command, python
from tests.conformance.running import printed, wrong_in
from tests.conformance.servers import Server, serving

CALLS = {"draw", "stream", "create", "write", "chat"}


@pytest.mark.parametrize("path", cases.CASES, ids=lambda path: path.stem)
def test_a_case_is_well_formed(path: Path) -> None:
    case = cases.CASES[path]
    assert case["name"] == path.stem
    assert case["about"].endswith(".")
    assert len(case["steps"]) == len(case["expect"])
    assert case.get("by_client", ".").endswith(".")
    assert set(case) <= {"name", "about", "by_client", "server", "client", "steps", "expect", "upstream"}
    for step in case["steps"]:
        if step["call"] in CALLS and "prompt" in step:
            assert step["prompt"].startswith(f"{case['name']}: ")


def test_there_are_enough() -> None:
    assert len(cases.CASES) >= 80
    assert {len(cases.CASES) - len(cases.shown_by(language)) for language in cases.STUBS} == {4}


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, item in items for leaf in _leaves(item, (*path, key))]
    return [path]


def _put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value.setdefault(key, {}) if isinstance(value, dict) else value[key]
    value[path[-1]] = new


async def test_an_altered_output_fails_its_case(tmp_path: Path) -> None:
    """Whatever a case names in what it expects, another value there is noticed."""
    chosen = {path: case for path, case in cases.CASES.items() if case.get("server") == "nokeep"}
    async with serving("nokeep", tmp_path) as server:
        found = await printed(python(), server, list(chosen))
        drawn = {image["sha256"] for entry in server.entries() for image in entry.images}
    altered = 0
    for case in chosen.values():
        seen = found[case["name"]]
        assert differences(case, seen, drawn) == []
        for index, expected in enumerate(case["expect"]):
            for path in _leaves(expected):
                named = expected
                for key in path:
                    named = named[key]
                wrong = copy.deepcopy(seen)
                _put(wrong[index], path, None if named == "*" else "another")
                assert differences(case, wrong, drawn), (case["name"], index, path)
                altered += 1
    assert altered > 50


@pytest.mark.parametrize("missing", [0, 1])
def test_a_step_that_was_not_printed_fails_the_case(missing: int) -> None:
    case: Json = {"expect": [{}, {}]}
    assert differences(case, [{}] * (1 - missing), ())


async def test_a_line_ends_where_json_lines_end() -> None:
    """Text may have what Unicode counts as the end of a line, and not every language escapes it."""
    said = {"case": "unicode", "text": "a\u2028b\u2029c\x85d"}
    command: Command = [sys.executable, "-c", f"import sys; sys.stdout.buffer.write({_line(said)!r})"]
    server = Server(stack=Mock(), environ={})
    assert await printed(command, server, []) == {"unicode": [said]}


def _line(said: Json) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def _altered(event: Outgoing, more: Sequence[Outgoing] = ()) -> bytes:
    """The message of an event; the last byte of a picture's chunk is another."""
    made = serialized(event, more)
    return made if more or not file_bytes(event) else made[:-1] + bytes([made[-1] ^ 1])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_altered_picture_fails_its_case(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that alters one byte of a picture: every client says that the answer is corrupt."""
    command = LANGUAGES[language]()
    path = cases.FOLDER / "exact-size.json"
    case = cases.CASES[path]
    async with serving("plain", tmp_path) as server:
        whole = (await printed(command, server, [path]))[case["name"]]
        assert await wrong_in(case, whole, server) == []
        monkeypatch.setattr(stream_writer, "serialized", _altered)
        (said,) = (await printed(command, server, [path]))[case["name"]]
        assert said["error"]["code"] == "DATA_LOSS"
        assert differences(case, [said], ())
