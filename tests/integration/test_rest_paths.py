"""The paths of LiteLLM's and Azure's callers: prefixes before every path, and the model in the path."""

from typing import Any

import pytest

from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import MODEL, THREE, ask, body, form

ASKED: dict[str, dict[str, Any]] = {
    "/chat/completions": body(),
    "/images/generations": {"model": MODEL, "prompt": "A banana"},
    "/responses": {"model": MODEL, "input": "A banana"},
}


@pytest.mark.parametrize("prefix", ["/litellm", "/litellm/v1", "/openai", "/openai/v1"])
async def test_every_path_works_behind_a_prefix(rest: Stack, prefix: str) -> None:
    for path, given in ASKED.items():
        assert (await ask(rest, given, prefix + path)).status_code == 200
    models = await rest.rest.get(f"{prefix}/models/{MODEL}")
    assert models.json()["id"] == MODEL
    content_type = {"content-type": "multipart/form-data; boundary=BB"}
    edited = await rest.rest.post(f"{prefix}/images/edits", content=form(b"Blue"), headers=content_type)
    assert edited.status_code == 200


@pytest.mark.parametrize("prefix", ["/litellm", "/openai"])
async def test_a_prefix_changes_no_permission(prefix: str) -> None:
    async with running_stack(rest=True, master_key="sk-right") as stack:
        for path, status in (("/health/liveliness", 200), ("/models", 401), ("/health", 401), ("/metrics", 401)):
            assert (await stack.rest.get(prefix + path)).status_code == status
        assert (await ask(stack, body(), f"{prefix}/chat/completions")).status_code == 401


@pytest.mark.parametrize("path", ["/litellm", "/litellm//v1/models", "/litellm/litellm/v1/models", "/openai/nothing"])
async def test_other_paths_are_unknown(rest: Stack, path: str) -> None:
    assert (await rest.rest.get(path)).status_code == 404


@pytest.mark.parametrize("start", ["/openai/deployments", "/engines", "/litellm/engines"])
async def test_the_model_of_the_path_is_asked(rest: Stack, start: str) -> None:
    version = "?api-version=2025-04-01-preview"
    for path, given in list(ASKED.items())[:2]:
        for named in ({}, {"model": "another"}):
            asked = {name: value for name, value in given.items() if name != "model"} | named
            answer = await ask(rest, asked, f"{start}/{THREE}{path}{version}")
            assert answer.status_code == 200, answer.text
            assert answer.headers["x-imagewire-model"] == THREE
    content_type = {"content-type": "multipart/form-data; boundary=BB"}
    edited = await rest.rest.post(f"{start}/{THREE}/images/edits", content=form(b"Blue"), headers=content_type)
    assert edited.headers["x-imagewire-model"] == THREE


@pytest.mark.parametrize("content", [b"{", b"", b"[]", b"{}", b' { "messages": [] } ', b'{"a": 1}}'])
async def test_a_wrong_body_behind_a_path_with_a_model(rest: Stack, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await rest.rest.post(f"/engines/{MODEL}/chat/completions", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] in {"body", "messages"}
