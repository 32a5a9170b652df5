"""/v1/responses: pictures without a tool, signatures in encrypted_content, and why a picture did not come."""

from typing import Any

import pytest

from tests.conftest import Stack
from tests.integration.rest_requests import MODEL, THREE, ask

INCLUDE = ["reasoning.encrypted_content"]
TOOL = {"type": "image_generation"}
FUNCTION = {"type": "function", "name": "look"}
ASKED = [{"role": "user", "content": "A banana"}]


async def output(stack: Stack, model: str = MODEL, **fields: Any) -> list[dict[str, Any]]:
    answer = await ask(stack, {"model": model, "input": ASKED, **fields}, "/v1/responses")
    assert answer.status_code == 200, answer.text
    made: list[dict[str, Any]] = answer.json()["output"]
    return made


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["TEXT", "IMAGE"]),
        ({"tools": []}, ["TEXT", "IMAGE"]),
        ({"tools": [TOOL, FUNCTION]}, ["TEXT", "IMAGE"]),
        ({"tools": [FUNCTION]}, ["TEXT"]),
        ({"tool_choice": "none"}, ["TEXT"]),
    ],
)
async def test_a_model_that_draws_needs_no_tool(rest: Stack, fields: dict[str, Any], expected: list[str]) -> None:
    items = await output(rest, THREE, **fields)
    assert rest.emulator.ledger.entries[-1].body["generationConfig"]["responseModalities"] == expected
    assert ("image_generation_call" in [item["type"] for item in items]) == ("IMAGE" in expected)


@pytest.mark.parametrize("scenario", ["", "--drafts", "--interleaved"])
async def test_encrypted_content_carries_the_signatures(rest: Stack, scenario: str) -> None:
    items = await output(rest, THREE + scenario, include=INCLUDE, reasoning={"summary": "auto"})
    stripped = [{name: value for name, value in item.items() if name != "provider_specific_fields"} for item in items]
    for sent in (items, stripped):
        await output(rest, THREE, input=[*ASKED, *sent, *ASKED])
        parts = rest.emulator.ledger.entries[-1].body["contents"][1]["parts"]
        signatures = [
            part.get("thoughtSignature") for part in parts if "inlineData" in part and not part.get("thought")
        ]
        assert all(signatures)
        assert "c2tpcF90aG91Z2h0" not in str(signatures)  # no placeholder


async def test_without_include_there_is_no_encrypted_content(rest: Stack) -> None:
    assert "encrypted_content" not in str(await output(rest, THREE))


async def test_encrypted_content_is_in_the_stream(rest: Stack) -> None:
    given = {"model": THREE, "input": ASKED, "include": INCLUDE, "stream": True}
    answer = await ask(rest, given, "/v1/responses")
    assert answer.text.count('"encrypted_content"') >= 2  # in its own event and in the last one


@pytest.mark.parametrize("text", ["gAAAAABfromanother", "!", "e30=", "W10=", "eyJvdGhlciI6IDF9", "/w=="])
async def test_what_another_provider_encrypted_is_ignored(rest: Stack, text: str) -> None:
    other = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": text}
    await output(rest, input=[other, *ASKED, other])


async def test_our_encrypted_content_that_was_damaged_is_refused(rest: Stack) -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "eyJwcmV2aW91cyI6eyJ0aG"}
    answer = await ask(rest, {"model": THREE, "input": [item, *ASKED]}, "/v1/responses")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input[0].encrypted_content")


async def test_encrypted_content_is_checked_like_the_fields_that_it_holds(rest: Stack) -> None:
    item = {"type": "reasoning", "summary": [], "encrypted_content": "eyJwcmV2aW91cyI6IHsib2RkIjogMX19"}
    given = {"model": MODEL, "input": [{"role": "assistant", "content": "Here"}, item, *ASKED]}
    answer = await ask(rest, given, "/v1/responses")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input[0].provider_specific_fields.odd")


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        (["file_search_call.results", "web_search_call.action.sources"], None),
        (["message.output_text.logprobs"], "include[0]"),
        (["reasoning.encrypted_content", "odd"], "include[1]"),
    ],
)
async def test_what_can_be_included(rest: Stack, names: list[str], wrong: str | None) -> None:
    answer = await ask(rest, {"model": MODEL, "input": ASKED, "include": names}, "/v1/responses")
    assert answer.status_code == (400 if wrong else 200)
    if wrong:
        assert answer.json()["error"]["param"] == wrong
        dropped = await ask(rest, {"model": MODEL, "input": ASKED, "include": names, "drop_params": True}, "/responses")
        assert dropped.headers["x-imagewire-dropped"] == wrong


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("scenario", "code"), [("image-safety", "image_safety"), ("no-image", "no_image"), ("safety", "safety")]
)
async def test_a_picture_that_did_not_come_says_why(rest: Stack, scenario: str, code: str, stream: bool) -> None:
    given = {"model": f"{MODEL}--{scenario}", "input": ASKED, "stream": stream}
    answer = await ask(rest, given, "/v1/responses")
    assert f'"status":"failed","result":null,"error":{{"code":"{code}"' in answer.text
    if not stream:
        items = answer.json()["output"]
        await output(rest, input=[*ASKED, *items, *ASKED])  # it can be sent back


async def test_text_alone_does_not_fail(rest: Stack) -> None:
    items = await output(rest, f"{THREE}--image-safety", tools=[FUNCTION])
    assert "image_generation_call" not in [item["type"] for item in items]
