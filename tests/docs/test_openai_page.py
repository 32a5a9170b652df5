"""The page for users of the openai package says of each of its fields what the server does with it."""

import inspect
import json
import re
from functools import cached_property
from typing import Any

import pytest

from tests.compat.conftest import package
from tests.conftest import Stack, running_stack
from tests.docs import openai_fields
from tests.docs.pages import ROOT
from tests.pictures import PNG

_PAGE = (ROOT / "docs/from-openai.md").read_text()
_MODEL = "gemini/gemini-3.1-flash-image"
_GROUPS = ("Honoured", "Accepted, changes nothing", "Refused by name")
_NEVER_LEFT_OUT = set(re.findall(r"`(\w+)`", _PAGE.partition("out, but not")[2].partition("stay refused")[0]))
_NOT_FIELDS = {"self", "model", "extra_headers", "extra_query", "extra_body", "timeout"}
# Of each call: its path, what it needs, and a value for each of its fields.
_CALLS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "chat.completions.create": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": "A banana"}]},
        openai_fields.CHAT,
    ),
    "images.generate": ("/v1/images/generations", {"prompt": "A banana"}, openai_fields.IMAGES),
    "images.edit": ("/v1/images/edits", {"prompt": "Make it blue"}, openai_fields.IMAGES),
    "responses.create": ("/v1/responses", {"input": "A banana"}, openai_fields.RESPONSES),
}


def _fields(openai: Any, call: str) -> set[str]:
    """The parameters of one of the package's methods that are fields of the request."""
    found = openai.OpenAI(api_key="any", base_url="http://127.0.0.1:9")
    for name in call.split("."):
        found = getattr(found, name)
    of_base = {*_CALLS[call][1], *(["image"] if call == "images.edit" else [])}
    return set(inspect.signature(found).parameters) - _NOT_FIELDS - of_base


async def _ask(stack: Stack, call: str, fields: dict[str, Any]) -> Any:
    path, base, _ = _CALLS[call]
    body = {"model": _MODEL, **base, **fields}
    if call != "images.edit":
        return await stack.rest.post(path, json=body)
    picture = ("a.png", PNG, "image/png")
    files = [("image", picture), *((name, picture) for name, value in fields.items() if value == "PNG")]
    data = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items() if value != "PNG"
    }
    return await stack.rest.post(path, data=data, files=files)


async def _plain(stack: Stack, call: str, beside: dict[str, Any]) -> tuple[Any, Any]:
    """The answer to a request without the field, and what was asked upstream."""
    answer = await _ask(stack, call, beside)
    assert answer.status_code == 200, answer.text
    return answer, stack.emulator.ledger.entries[-1].body


async def _seen(stack: Stack, call: str, name: str, plain: dict[str | None, tuple[Any, Any]]) -> str:
    """What the server does with a field: the group of the page. plain: what was asked without, by the field beside."""
    values = _CALLS[call][2]
    other = openai_fields.BESIDE.get(name)
    beside = {other: values[other]} if other else {}
    fields = {**beside, name: values[name]}
    if other not in plain:
        plain[other] = await _plain(stack, call, beside)
    without, body = plain[other]
    before = len(stack.emulator.ledger.entries)
    answer = await _ask(stack, call, fields)
    if answer.status_code == 400:
        again = await _ask(stack, call, fields | {"drop_params": True})
        assert again.status_code == (400 if name in _NEVER_LEFT_OUT else 200), again.text
        return _GROUPS[2]
    assert answer.status_code == 200, answer.text
    more = stack.emulator.ledger.entries[before:]
    same = [entry.body for entry in more] == [body]
    return _GROUPS[1] if same and _shape(answer) == _shape(without) else _GROUPS[0]


def _shape(answer: Any) -> Any:
    """What kind of answer it is: the members of a body, the number of a stream's events."""
    if answer.headers["content-type"].startswith("text/event-stream"):
        return answer.text.count("data: ")
    return sorted(answer.json())


@pytest.mark.parametrize("call", _CALLS)
async def test_each_field_is_in_the_group_that_it_belongs_to(call: str) -> None:
    names = _fields(package("openai"), call)
    async with running_stack(rest=True) as stack:
        plain: dict[str | None, tuple[Any, Any]] = {}
        seen = {name: await _seen(stack, call, name, plain) for name in names}
    section = _PAGE.partition(f"### `{call}`")[2].partition("\n#")[0]
    rows = dict(re.findall(r"^\| ([^|`]+) \| (.*) \|$", section, re.MULTILINE))
    assert {name: group for group in _GROUPS for name in re.findall(r"`(\w+)`", rows[group])} == seen


def test_each_resource_of_the_package_is_there() -> None:
    kind = package("openai").OpenAI
    resources = {name for name in dir(kind) if isinstance(inspect.getattr_static(kind, name), cached_property)}
    served = set(re.findall(r"`(\w+)\.", _PAGE.partition("## What is served")[2].partition("\n## ")[0]))
    absent = set(re.findall(r"`(\w+)`", _PAGE.partition("## What is not there")[2].partition("\n## ")[0]))
    assert served | absent == resources - {"with_raw_response", "with_streaming_response"}
    assert not served & absent
