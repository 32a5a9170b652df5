"""What is wrong in a request of OpenAI's shape has the caller's own name, down to the field that is wrong."""

import base64
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.limits import MOST_VALUES
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common.shared_request import ImageUrl
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder, in_callers_names
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


def builder_refusals(builder: SpecBuilder) -> list[tuple[str, str]]:
    return [(one.field, one.description) for one in builder.violations]


def test_violations_are_raised_together_and_are_not_endless() -> None:
    builder = SpecBuilder("gemini/m")
    builder.done(Capabilities())
    for number in range(100):
        builder.refuse(f"f{number}", "is wrong")
    with pytest.raises(InvalidRequest, match=r"^f0: is wrong \(and 64 more\)$"):
        builder.done(Capabilities())
    assert (builder.spec, builder.origins) == (pb.Spec(model="gemini/m"), {"spec.model": "model"})


def test_an_error_says_that_there_may_be_more_than_the_contract_s_checks_find() -> None:
    builder = SpecBuilder("gemini/m")
    builder.done(Capabilities())
    for _ in range(65):
        builder.spec.messages.add(role=pb.Role.ROLE_USER)
    with pytest.raises(InvalidRequest) as raised:
        builder.check()
    *named, last = raised.value.violations
    assert (len(named), last.field) == (64, "")
    assert last.description.startswith("may have more wrong fields than these; ")


@pytest.mark.parametrize(
    ("url", "beside", "expected"),
    [
        ("m.image_url.url", "", {"": "m.image_url.url", ".mime_type": "m.image_url.format"}),
        ("m.image_url", "", {"": "m.image_url", ".mime_type": "m.image_url.format"}),
        ("m.image_url", "m", {"": "m.image_url", ".detail": "m.detail", ".display_name": "m.display_name"}),
    ],
)
def test_the_origin_of_a_picture(url: str, beside: str, expected: dict[str, str]) -> None:
    builder = SpecBuilder("m")
    builder.image_from_field("p", url, beside)
    assert {path: builder.origins[f"spec.p{path}"] for path in expected} == expected


@pytest.mark.parametrize(
    ("given", "expected", "named"),
    [
        (ImageUrl(url="data:;base64,QQ=="), pb.Image(data=b"A"), False),
        (ImageUrl(url="data:;base64,QQ==", display_name="cat"), pb.Image(data=b"A", display_name="cat"), False),
        (
            ImageUrl(url="https://a/b", format="image/png", detail="low"),
            pb.Image(uri="https://a/b", mime_type="image/png", detail="IMAGE_DETAIL_LOW"),
            True,
        ),
    ],
)
def test_a_picture(given: ImageUrl, expected: pb.Image, named: bool) -> None:
    builder = SpecBuilder("m")
    assert builder.image(given, "f") == expected
    assert builder.names_pictures is named


def test_a_refused_picture_is_not_empty() -> None:
    builder = SpecBuilder("m")
    assert builder.image(ImageUrl(url="?"), "f").data  # or the contract would refuse it again
    assert builder_refusals(builder) == [
        ("f", "is not a URL; send https://…, gs://… or data:image/png;base64,…"),
    ]


@pytest.mark.parametrize(
    ("value", "taken"),
    [({}, True), ({"a": [1, None, {"b": "c"}]}, True), ({"a": 10**400}, False), ({"a": float("inf")}, True)],
    ids=lambda value: str(value)[:30],
)
def test_a_json_object(value: dict[str, object], taken: bool) -> None:
    builder = SpecBuilder("m")
    made = builder.struct(value, "f")
    words = "is nested too deeply, or has a number outside the range of a double"
    assert builder_refusals(builder) == ([] if taken else [("f", words)])
    assert bool(made.fields) is (taken and bool(value))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["plain, text, " * MOST_VALUES], [True]),
        (["", " ", "1"], [True, True, True]),
        (["[" + "0," * (MOST_VALUES - 3) + "0]"], [True]),
        (["[" + "0," * MOST_VALUES + "0]"], [False]),
        ([" \t\r\n[" + "0," * (MOST_VALUES // 2) + "0]"] * 2, [True, False]),
        (["[" + "0," * MOST_VALUES + "0]", "[1]", "text"], [False, False, True]),
        (['{"a": "\ud800"}'], [True]),
    ],
    ids=lambda value: str(value)[:20],
)
def test_texts_with_json_count_together(texts: list[str], expected: list[bool]) -> None:
    builder = SpecBuilder("m")
    assert [builder.is_small(text, "f") for text in texts] == expected
    assert len(builder.violations) == expected.count(False)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.model", "model"),
        ("spec.messages[2].parts[1].image.data", "messages[3].content[0]"),
        ("spec.messages[2].role", "messages[3]"),
        ("spec.messages[20].role", "messages"),
        ("spec.seed", "seed"),
        ("", ""),
    ],
)
def test_paths_of_the_spec_become_the_callers_names(path: str, expected: str) -> None:
    origins = {
        "spec.model": "model",
        "spec.messages": "messages",
        "spec.messages[2]": "messages[3]",
        "spec.messages[2].parts[1]": "messages[3].content[0]",
    }
    [violation] = in_callers_names(InvalidRequest([Violation(path, "is wrong")]), origins).violations
    assert (violation.field, violation.description) == (expected, "is wrong")
