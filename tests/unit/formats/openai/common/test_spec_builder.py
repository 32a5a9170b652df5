"""What is wrong in a request of OpenAI's shape has the caller's own name, down to the field that is wrong."""

import base64
from typing import Any

import pytest

from tests.pictures import PNG
from tests.unit.formats.openai.asked import reading, refused

URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
USER = {"role": "user", "content": "A banana"}
LONG = "x" * 300
CALL = {"id": "call_a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
WRONG_JSON = {"metadata": "{"}
OWN = "provider_specific_fields"


def said(**own: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "Here", "reasoning_content": "Hm", OWN: own}


@pytest.mark.parametrize("where", ["user", "tool"])
def test_what_is_wrong_beside_a_pictures_url_is_named(where: str) -> None:
    content = [{"type": "image_url", "image_url": {"url": URL, "display_name": LONG}}]
    if where == "user":
        found = refused("chat", messages=[{**USER, "content": content}])
        assert set(found) == {"messages[0].content[0].image_url.display_name"}
        return
    tool = {"role": "tool", "tool_call_id": "call_a", "content": content}
    messages = [USER, {"role": "assistant", "tool_calls": [CALL]}, tool]
    assert refused("chat", messages=messages) == ["messages[2].content[0].image_url.display_name"]


def test_what_is_wrong_with_a_responses_picture_is_named() -> None:
    item = {"type": "image_generation_call", "id": "ig_a", "result": URL.partition(",")[2], "output_format": "x" * 300}
    assert refused("responses", input=[USER, item]) == ["input[1].output_format"]
    item = {"type": "image_generation_call", "id": "ig_a", "result": URL.partition(",")[2], OWN: {"display_name": LONG}}
    assert refused("responses", input=[USER, item]) == [f"input[1].{OWN}.display_name"]


@pytest.mark.parametrize(
    ("own", "field"),
    [
        ({"thought_signatures": [None, "?"]}, "thought_signatures[1]"),
        ({"thought_signatures": ["YQ=="]}, "thought_signatures"),
        ({"native_fields": [{"text": 1}, None]}, "native_fields[0]"),
        ({"native_fields_json": [None, WRONG_JSON]}, "native_fields_json[1]"),
        ({"native_fields_json": [None]}, "native_fields_json"),
    ],
    ids=str,
)
def test_what_is_wrong_beside_a_part_is_named(own: dict[str, Any], field: str) -> None:
    assert refused("chat", messages=[USER, said(**own)]) == [f"messages[1].{OWN}.{field}"]


@pytest.mark.parametrize(
    ("own", "field"),
    [
        ({"thought_signature": "?"}, "thought_signature"),
        ({"native_fields": {"text": 1}}, "native_fields"),
        ({"native_fields_json": WRONG_JSON}, "native_fields_json"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "item",
    [
        {"type": "image_generation_call", "id": "ig_a", "result": URL.partition(",")[2]},
        {"type": "function_call", "call_id": "call_a", "name": "f", "arguments": "{}"},
    ],
    ids=lambda item: str(item["type"]),
)
def test_what_is_wrong_beside_an_item_is_named(item: dict[str, Any], own: dict[str, Any], field: str) -> None:
    assert refused("responses", input=[USER, {**item, OWN: own}]) == [f"input[1].{OWN}.{field}"]


def test_wrong_thoughts_have_their_own_name() -> None:
    read = reading("chat", messages=[USER, said()])
    assert read.origins["spec.messages[1].parts[0]"] == "messages[1].reasoning_content"
    assert read.origins["spec.messages[1].parts[1]"] == "messages[1].content"
    item = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]}
    read = reading("responses", input=[USER, item])
    assert read.origins["spec.messages[1].parts[0]"] == "input[1].summary"


@pytest.mark.parametrize("kind", ["chat", "responses"])
def test_a_wrong_type_of_an_answers_picture_is_named(kind: str) -> None:
    entry = {"type": "image_url", "image_url": {"url": URL}, "mime_type": "image/" + "x" * 300}
    if kind == "chat":
        messages = [USER, {"role": "assistant", "images": [entry]}]
        assert refused("chat", messages=messages) == ["messages[1].images[0].mime_type"]
        return
    item = {"type": "reasoning", "summary": [], OWN: {"images": [entry]}}
    assert refused("responses", input=[USER, item]) == [f"input[1].{OWN}.images[0].mime_type"]
