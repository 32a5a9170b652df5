"""What docs/litellm.md says of the fields, headers, paths and keys of LiteLLM's callers."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import ask, body

PAGE = (Path(__file__).parents[2] / "docs/litellm.md").read_text()
VALUES: dict[str, Any] = {"functions": [{"name": "f"}], "timeout": 10, "tags": ["a"], "cache": {"no-cache": True}}


def listed(start: str) -> list[str]:
    """The names in the first column of the row that begins so."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {start}"))
    return re.findall(r"`([^`]+)`", row.split("|")[1].partition(":")[2])


async def status(rest: Stack, name: str, **more: Any) -> int:
    answer = await ask(rest, body(**{name: VALUES.get(name, "x"), **more}))
    if answer.status_code == 400:
        assert answer.json()["error"]["param"] == name
    return answer.status_code


@pytest.mark.parametrize("name", listed("Fields for LiteLLM itself"))
async def test_a_field_for_litellm_itself_is_refused_or_left_out(rest: Stack, name: str) -> None:
    assert (await status(rest, name), await status(rest, name, drop_params=True)) == (400, 200)


@pytest.mark.parametrize("name", listed("Fields that are refused also"))
async def test_a_field_that_is_never_left_out(rest: Stack, name: str) -> None:
    assert (await status(rest, name), await status(rest, name, drop_params=True)) == (400, 400)


async def test_headers_without_effect(rest: Stack) -> None:
    headers = {**dict.fromkeys(listed("Headers"), "0.000001"), "content-type": "application/json"}
    assert len(headers) > 3
    answer = await rest.rest.post("/v1/chat/completions", json=body(), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", listed("Paths"))
async def test_a_path_that_is_not_there(rest: Stack, path: str) -> None:
    answers = await rest.rest.post(path, json=body()), await rest.rest.get(path)
    assert [answer.status_code for answer in answers] == [404, 404]


async def test_keys_that_do_not_count() -> None:
    async with running_stack(rest=True, master_key="sk-right") as stack:
        for key in ("Basic sk-right", "sk-right"):
            answer = await stack.rest.get("/v1/models", headers={"authorization": key})
            assert answer.status_code == 401
