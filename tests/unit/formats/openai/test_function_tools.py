"""Functions among the tools of chats and of Responses."""

from typing import Any

import pytest

from tests.unit.formats.openai.asked import refusals, spec

FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {}}}
NAMED = {"type": "function", "function": {"name": "f"}}


def tool(kind: str, **more: Any) -> dict[str, Any]:
    own = FUNCTION | more
    return {"type": "function", "function": own} if kind == "chat" else {"type": "function", **own}


@pytest.mark.parametrize("kind", ["chat", "responses"])
@pytest.mark.parametrize("strict", [True, False, None], ids=str)
def test_strict_changes_nothing(kind: str, strict: bool | None) -> None:
    assert spec(kind, tools=[tool(kind, strict=strict)]) == spec(kind, tools=[tool(kind)])


@pytest.mark.parametrize("choice", ["required", NAMED], ids=str)
@pytest.mark.parametrize("tools", [None, [], [{"google_search": {}}]], ids=str)
def test_a_chat_must_have_the_functions_that_it_requires(choice: Any, tools: Any) -> None:
    words = "needs functions in tools; add them, or leave it out"
    assert refusals("chat", tool_choice=choice, tools=tools) == [("tool_choice", words)]


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_a_choice_that_requires_none_changes_nothing(choice: str) -> None:
    assert spec("chat", tool_choice=choice) == spec("chat")
