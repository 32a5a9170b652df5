"""Files of chats and responses: pictures in any of OpenAI's and LiteLLM's forms, anything else by name."""

import base64
from typing import Any

import pytest

from imagewire_server.contract import pb
from tests.pictures import PNG
from tests.unit.formats.openai.asked import USER, reading, refusals

PLAIN = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{PLAIN}"
PDF = base64.b64encode(b"%PDF-1.7 a page").decode()
FETCHED = "https://example.com/a.png"
HIGH = pb.ImageDetail.IMAGE_DETAIL_HIGH
WHERE = {"chat": "messages[0].content[0].file", "responses": "input[0].content[0]"}
CALLS = {
    "role": "assistant",
    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
TAKEN: list[tuple[str, dict[str, Any], pb.Image]] = [
    *((door, {"file_data": URL, "filename": "a.png"}, pb.Image(data=PNG)) for door in WHERE),
    *((door, {"file_data": PLAIN, "detail": "high"}, pb.Image(data=PNG, detail=HIGH)) for door in WHERE),
    *((door, {"file_data": PLAIN.rstrip("=")}, pb.Image(data=PNG)) for door in WHERE),
    *((door, {"file_id": "img-1", "detail": "high"}, pb.Image(image_id="img-1", detail=HIGH)) for door in WHERE),
    ("chat", {"file_data": URL.replace("image/png", "application/octet-stream")}, pb.Image(data=PNG)),
    ("chat", {"file_data": URL, "format": "image/png"}, pb.Image(data=PNG)),
    ("chat", {"file_id": FETCHED, "format": "image/png"}, pb.Image(uri=FETCHED, mime_type="image/png")),
    ("chat", {"file_id": "gs://b/a", "format": "image/webp"}, pb.Image(uri="gs://b/a", mime_type="image/webp")),
    ("responses", {"file_url": FETCHED}, pb.Image(uri=FETCHED)),
]
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    *(
        (door, {"file_data": PDF}, ".file_data", "is a PDF, and only pictures can be sent: send each page")
        for door in WHERE
    ),
    *((door, {"file_data": f"data:application/pdf;base64,{PDF}"}, ".file_data", "is a PDF") for door in WHERE),
    *((door, {"file_data": base64.b64encode(b"text").decode()}, ".file_data", "is not a picture") for door in WHERE),
    *((door, {"file_data": "!"}, ".file_data", "is not valid base64") for door in WHERE),
    *((door, {"filename": "a.png"}, ".file_data", "send exactly one of them") for door in WHERE),
    *((door, {"file_id": "img-1", "file_data": URL}, ".file_id", "send exactly one of them") for door in WHERE),
    ("chat", {"file_id": FETCHED, "format": "application/pdf"}, ".format", "is 'application/pdf', and only pictures"),
    ("responses", {"file_url": "gs://b/a"}, ".file_url", "has no known media type"),
]


def body(door: str, file: dict[str, Any]) -> dict[str, Any]:
    if door == "chat":
        return {"messages": [{"role": "user", "content": [{"type": "file", "file": file}]}]}
    return {"input": [{"role": "user", "content": [{"type": "input_file", **file}]}]}


@pytest.mark.parametrize(("door", "file", "made"), TAKEN)
def test_a_picture_as_a_file(door: str, file: dict[str, Any], made: pb.Image) -> None:
    read = reading(door, **body(door, file))
    assert [part.image for part in read.spec.messages[0].parts] == [made]
    name = next(name for name in ("file_id", "file_data", "file_url") if name in file)
    assert read.origins["spec.messages[0].parts[0].image"] == f"{WHERE[door]}.{name}"


@pytest.mark.parametrize(("door", "file", "field", "words"), REFUSED)
def test_what_is_no_picture_is_refused(door: str, file: dict[str, Any], field: str, words: str) -> None:
    [(named, told)] = refusals(door, **body(door, file))
    assert named == WHERE[door] + field
    assert words in told


def test_a_media_type_that_nobody_can_know_is_asked_for() -> None:
    told = {one.field: one.description for one in reading("chat", **body("chat", {"file_id": "gs://b/a"})).later()}
    assert "is required beside a gs:// uri" in told[f"{WHERE['chat']}.format"]


def test_a_function_answers_with_a_file() -> None:
    result: dict[str, Any] = {
        "role": "tool",
        "tool_call_id": "a",
        "content": [{"type": "file", "file": {"file_data": URL}}],
    }
    chat = reading("chat", messages=[*USER, CALLS, result])
    assert chat.spec.messages[2].parts[0].function_response.images == [pb.Image(data=PNG)]
    output = {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_file", "file_data": URL}]}
    responses = reading("responses", input=[CALL, output])
    assert responses.spec.messages[1].parts[0].function_response.images == [pb.Image(data=PNG)]
