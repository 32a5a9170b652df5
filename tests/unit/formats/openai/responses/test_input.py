"""The input of a Responses request becomes messages of the spec."""

import base64
import time
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.json_values import struct
from tests.pictures import PNG
from tests.unit.formats.openai.asked import USER, reading, refusals, spec

R = pb.Role
A64 = "data:image/png;base64,QQ=="
OWN = "provider_specific_fields"
CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": '{"n": 1}'}
CALL_PART = {"function_call": {"id": "a", "name": "f", "args": struct({"n": 1})}}
AN_ID = "the id of a picture that was drawn here"
DRAWN = {"type": "image_generation_call", "id": "ig_1", "result": "QQ==", "output_format": "png"}
PICTURE = {"image": {"data": b"A", "mime_type": "image/png"}}


def said(*parts: Any, role: pb.Role = R.ROLE_ASSISTANT) -> pb.ChatMessage:
    return pb.ChatMessage(role=role, parts=parts)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"role": "user", "content": "A"}, said({"text": "A"}, role=R.ROLE_USER)),
        ({"type": "message", "role": "system", "content": "A"}, said({"text": "A"}, role=R.ROLE_SYSTEM)),
        ({"role": "developer", "content": "A"}, said({"text": "A"}, role=R.ROLE_SYSTEM)),
        ({"role": "user", "content": ""}, said({"text": ""}, role=R.ROLE_USER)),
        ({"role": "user", "content": []}, said(role=R.ROLE_USER)),
        (
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "A"},
                    {"type": "input_image", "image_url": A64, "detail": "high"},
                    {"type": "input_image", "image_url": "gs://b/a.png"},
                ],
            },
            said(
                {"text": "A"},
                {"image": {"data": b"A", "detail": "IMAGE_DETAIL_HIGH"}},
                {"image": {"uri": "gs://b/a.png", "mime_type": "image/png"}},
                role=R.ROLE_USER,
            ),
        ),
        (
            {
                "role": "assistant",
                "content": [{"type": "output_text", "text": "A"}, {"type": "refusal", "refusal": "No"}],
            },
            said({"text": "A"}, {"text": "No"}),
        ),
        (
            {
                "role": "assistant",
                "content": [{"type": "output_text", "text": "AB"}],
                OWN: {"parts": ["text:1", "text:1"], "thought_signatures": ["QQ==", None]},
            },
            said({"text": "A", "thought_signature": b"A"}, {"text": "B"}),
        ),
        (
            {"role": "assistant", "content": [], OWN: {"native_parts": [{"kind": "code", "value": 1}]}},
            said({"native": {"kind": "code", "value_json": "1"}}),
        ),
        (DRAWN, said(PICTURE)),
        ({**DRAWN, "output_format": None}, said({"image": {"data": b"A", "mime_type": "application/octet-stream"}})),
        (
            {**DRAWN, "result": None, "url": "gs://b/a"},
            said({"image": {"uri": "gs://b/a", "mime_type": "image/png"}}),
        ),
        ({**DRAWN, "url": "gs://b/a", "output_format": None}, said({"image": {"uri": "gs://b/a"}})),
        (
            {
                **DRAWN,
                OWN: {"thought": True, "thought_signature": "QQ==", "display_name": "cat", "native_fields": {"a": 1}},
            },
            said(
                {
                    "image": {"data": b"A", "mime_type": "image/png", "display_name": "cat"},
                    "thought": True,
                    "thought_signature": b"A",
                    "native_fields": {"a": "1"},
                }
            ),
        ),
        (CALL, said(CALL_PART)),
        (
            {**CALL, OWN: {"thought": True, "native_fields_json": {"a": "1e400"}}},
            said({**CALL_PART, "thought": True, "native_fields": {"a": "1e400"}}),
        ),
        (
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "H"}, {"text": "m"}, {}]},
            said({"text": "Hm", "thought": True}),
        ),
        (
            {"type": "reasoning", "summary": [], OWN: {"images": [{"image_url": {"url": A64}, "thought": True}]}},
            said({**PICTURE, "thought": True}),
        ),
        (
            {
                "type": "reasoning",
                "summary": [{"text": ""}],
                OWN: {"thought_signatures": ["QQ=="], "parts": ["thought:0"]},
            },
            said({"text": "", "thought": True, "thought_signature": b"A"}),
        ),
    ],
    ids=str,
)
def test_an_item(item: dict[str, Any], expected: pb.ChatMessage) -> None:
    assert list(spec("responses", input=[item]).messages) == [expected]


@pytest.mark.parametrize(
    "item",
    [
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": []},
        {"role": "assistant", "content": [{"type": "output_text", "text": ""}]},
        {"type": "reasoning", "summary": []},
        {"type": "reasoning", "summary": [{"text": ""}]},
    ],
    ids=str,
)
def test_an_item_that_says_nothing_is_left_out(item: dict[str, Any]) -> None:
    assert spec("responses", input=[*USER, item, *USER]) == spec("responses", input=[*USER, *USER])


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"x": 1}', {"response": struct({"x": 1})}),
        ("A", {"response": struct({"result": "A"})}),
        ([], {"response": struct({"result": ""})}),
        (
            [
                {"type": "input_text", "text": "A"},
                {"type": "input_image", "image_url": A64},
                {"type": "input_text", "text": "B"},
            ],
            {"response": struct({"result": "AB"}), "images": [{"data": b"A"}]},
        ),
    ],
    ids=str,
)
def test_a_result(output: Any, expected: dict[str, Any]) -> None:
    made = spec("responses", input=[CALL, {"type": "function_call_output", "call_id": "a", "output": output}])
    assert made.messages[1] == said({"function_response": {"id": "a", "name": "f", **expected}}, role=R.ROLE_TOOL)


NO_URL = "is not a URL; send https://…, gs://… or data:image/png;base64,…"
KINDS = "message, image_generation_call, function_call, function_call_output, reasoning"


@pytest.mark.parametrize(
    ("item", "field", "words"),
    [
        ({"type": "computer_call"}, "type", f"is not a supported type; use {KINDS}"),
        ({"type": None}, "type", f"is not a supported type; use {KINDS}"),
        ({"type": ["message"]}, "type", f"is not a supported type; use {KINDS}"),
        (
            {"type": "item_reference", "id": "a"},
            "type",
            "refers to a stored item; use previous_response_id, or send the item itself",
        ),
        ({"role": "user", "content": [{"type": "input_image", "image_url": "?"}]}, "content[0].image_url", NO_URL),
        (
            {"role": "user", "content": [{"type": "input_image", "image_url": "gs://b/a"}]},
            "content[0].image_url",
            "has no known media type; use a file name with a suffix, for example gs://bucket/picture.png",
        ),
        (
            {"role": "user", "content": "A", OWN: {}},
            OWN,
            "is valid only in the model's own items; leave it out",
        ),
        (
            {"role": "assistant", "content": "A", OWN: {"parts": []}},
            OWN,
            "does not cover the whole message; send the answer back unchanged, or leave this field out",
        ),
        ({**DRAWN, "result": "?"}, "result", "is not valid base64"),
        (
            {**DRAWN, "result": None},
            "result",
            f"is required, or url, or image_id, or {AN_ID}; send the item as it came, or leave it out",
        ),
        ({**DRAWN, "url": "data:image/png,A"}, "url", "must be data:image/TYPE;base64,DATA"),
        ({**DRAWN, OWN: {"thought_signature": "?"}}, f"{OWN}.thought_signature", "is not valid base64"),
        ({**CALL, "arguments": "[]"}, "arguments", "is not a JSON object; send the call back unchanged"),
        (
            {"type": "function_call_output", "call_id": "b", "output": "A"},
            "call_id",
            "matches no call in this input; send its function_call before it",
        ),
        (
            {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_image", "image_url": "?"}]},
            "output[0].image_url",
            NO_URL,
        ),
        (
            {"type": "reasoning", "summary": [], OWN: {"images": [{"image_url": {"url": "data:;base64,?"}}]}},
            f"{OWN}.images[0].image_url.url",
            "is not valid base64",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_in_an_item_is_named(item: dict[str, Any], field: str, words: str) -> None:
    assert refusals("responses", input=[CALL, item]) == [(f"input[1].{field}", words)]


def test_all_wrong_items_are_named() -> None:
    wrong = [{"type": "x"}, {"role": "user"}, {**DRAWN, "result": "?"}]
    assert [field for field, _ in refusals("responses", input=wrong)] == [
        "input[0].type",
        "input[1].content",
        "input[2].result",
    ]


def test_a_draft_that_is_also_the_picture_is_added_once() -> None:
    thought = {"type": "reasoning", "summary": [], OWN: {"images": [{"image_url": {"url": A64}, "thought": True}]}}
    drawn = {**DRAWN, OWN: {"thought": True}}
    assert list(spec("responses", input=[thought, drawn]).messages) == [said({**PICTURE, "thought": True})]
    assert len(spec("responses", input=[thought, DRAWN]).messages) == 2  # it is no draft
    assert len(spec("responses", input=[drawn, {**drawn, "result": "Qg=="}]).messages) == 2  # it is another picture


def test_the_origins_of_items() -> None:
    content = [{"type": "input_text", "text": "A"}, {"type": "input_image", "image_url": A64}]
    result = {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_image", "image_url": A64}]}
    made = reading(
        "responses", input=[{"role": "user", "content": content}, {**DRAWN, OWN: {"display_name": "cat"}}, CALL, result]
    ).origins
    wanted = {
        "messages[0].parts[1]": "input[0].content[1].image_url",
        "messages[0].parts[1].image.mime_type": "input[0].content[1].image_url",
        "messages[0].parts[1].image.detail": "input[0].content[1].detail",
        "messages[1].parts[0]": "input[1].result",
        "messages[1].parts[0].image.mime_type": "input[1].output_format",
        "messages[1].parts[0].image.display_name": f"input[1].{OWN}.display_name",
        "messages[2].parts[0]": "input[2]",
        "messages[2].parts[0].function_call.args_json": "input[2].arguments",
        "messages[3].parts[0].function_response.images[0]": "input[3].output[0].image_url",
        "messages[3].parts[0].function_response.images[0].detail": "input[3].output[0].detail",
        "messages[3]": "input[3]",
        "messages": "input",
    }
    assert {path: made.get(f"spec.{path}") for path in wanted} == wanted


def test_the_parts_of_all_items_count() -> None:
    turn = {"role": "user", "content": [{"type": "input_text", "text": "A"}] * 4096}
    assert len(spec("responses", input=[turn] * 4).messages) == 4
    for last in (
        turn,
        {"type": "reasoning", "summary": [{}]},
        {"role": "assistant", "content": "", OWN: {"parts": ["text:0"]}},
        {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_text", "text": "A"}]},
    ):
        words = "makes the input longer than 16384 parts; leave earlier items out"
        assert refusals("responses", input=[*[turn] * 4, last]) == [("input[4]", words)]


def test_drafts_that_come_back_are_looked_up_once() -> None:
    def draft(number: int) -> dict[str, Any]:
        picture = base64.b64encode(PNG + number.to_bytes(1000)).decode()
        own = {"thought": True}
        return {"type": "image_generation_call", "id": "a", "result": picture, "provider_specific_fields": own}

    def seconds(count: int) -> float:
        asked = [draft(number % (count - 1)) for number in range(count)]
        begun = time.process_time()
        assert len(spec("responses", input=asked).messages) == count - 1
        return time.process_time() - begun

    assert min(seconds(3200) for _ in range(3)) < 30 * min(seconds(400) for _ in range(3))


def test_an_input_of_text_is_a_users_message() -> None:
    made = reading("responses", input="A")
    assert list(made.spec.messages) == [pb.ChatMessage(role=R.ROLE_USER, content="A")]
    assert made.origins["spec.messages[0]"] == "input"
    assert list(spec("responses", input=[]).messages) == []
