"""One answer names every wrong field of a request, and drop_params leaves out what the model does not take."""

import json
from typing import Any

import pytest

from imagewire_server.contract import validation
from imagewire_server.contract.errors import InvalidRequest, NotFound
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common.reading import read, read_form
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from imagewire_server.formats.openai.images import decode as images_decode
from imagewire_server.formats.openai.images.request import ImagesRequest
from tests.unit.formats.openai.asked import BASE, KINDS

# A model of the Gemini API with one size, which does not think.
PLAIN = Capabilities(
    id="plain",
    aspect_ratios=("1:1", "16:9"),
    image_sizes=(),
    thinking_levels=(),
    part_media_resolution=False,
    service="the Gemini API",
    fields=frozenset(validation.CHECKS) - {"Spec.labels", "ImageConfig.output_options", "Spec.output_config"},
)
MEND = "mend these first, then send it again"


def made(kind: str, **fields: Any) -> SpecBuilder:
    request, spec_of = KINDS[kind]
    body = json.dumps({**BASE[kind], **fields}).encode()
    return read(body, request, spec_of, lambda name: PLAIN)[1]


def wrong(kind: str, **fields: Any) -> list[str]:
    try:
        builder = made(kind, **fields)
        builder.check()
        found = builder.later()  # what the provider will find
    except InvalidRequest as error:
        found = list(error.violations)
    assert all(one.description for one in found)
    return [one.field for one in found]


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        # Unknown fields, wrong types, values that are not supported, and values that are out of range.
        (
            "chat",
            {"temperatur": 1, "response_format": {"type": "json_object"}, "seed": "x", "top_p": 7},
            ["temperatur", "response_format.type", "seed", "top_p"],
        ),
        # What the decoder, the format, the contract and the model find.
        (
            "chat",
            {"logprobs": True, "size": "9000x10", "temperature": 9, "image_config": {"image_size": "4K"}},
            ["logprobs", "size", "temperature", "image_config.image_size"],
        ),
        ("chat", {"size": "9000x10", "reasoning_effort": "low"}, ["size", "reasoning_effort"]),
        ("chat", {"top_p": 7, "aspect_ratio": "9:9", "n": 2}, ["n", "top_p", "aspect_ratio"]),
        # A field that is missing is named with the others; what follows from its removal is not.
        (
            "chat",
            {"messages": [{"content": 1, "x": 2}], "seed": "x"},
            ["messages[0].content", "messages[0].x", "messages[0].role", "seed"],
        ),
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "text"}]}], "user": 1},
            ["messages[0].content[0].text", "user"],
        ),
        ("chat", {"stream_options": {"include_usage": True}, "store": True}, ["store", "stream_options"]),
        # A wrong message hides nothing: neither other fields, nor other messages.
        (
            "chat",
            {"messages": [3, {"role": "robot", "content": "A"}, {"role": "user", "x": 1}], "seed": "x", "top_p": 7},
            ["messages[0]", "messages[1].role", "messages[2].x", "seed", "top_p"],
        ),
        ("chat", {"messages": "A", "size": "9000x10", "aspect_ratio": "9:9"}, ["messages", "size", "aspect_ratio"]),
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "odd", "a": 1}, {"type": "text"}]}], "top_p": 7},
            ["messages[0].content[0].type", "messages[0].content[1].text", "top_p"],
        ),
        ("chat", {"model": 3, "top_p": 7, "seed": "x"}, ["model", "seed", "top_p"]),
        # Two checks of one field are one line.
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "ftp://x"}]}], "odd": 1},
            ["odd", "messages[0].content[0].image_url"],
        ),
        ("images", {"prompt": 3, "size": "9000x10"}, ["prompt", "size"]),
        ("responses", {"input": 3, "top_p": 7, "size": "9000x10"}, ["input", "top_p", "size"]),
        ("images", {"quality": 3, "moderation": "low", "style": "natural"}, ["style", "quality", "moderation"]),
        ("images", {"stream": True, "n": 2, "x": 1}, ["x", "n"]),
        (
            "responses",
            {"input": [{"type": "odd"}, {"role": "user", "content": "A", "a": 1, "b": 2}], "conversation": "c"},
            ["conversation", "input[0].type", "input[1].a", "input[1].b"],
        ),
    ],
    ids=str,
)
def test_one_answer_names_every_wrong_field(kind: str, fields: dict[str, Any], expected: list[str]) -> None:
    assert sorted(wrong(kind, **fields)) == sorted(expected)


def test_a_form_names_every_wrong_field() -> None:
    fields: dict[str, object] = {"model": "m", "prompt": "A", "seed": "x", "odd": "1"}
    with pytest.raises(InvalidRequest) as caught:
        read_form(fields, ImagesRequest, images_decode.spec_of, lambda name: PLAIN)
    assert {one.field for one in caught.value.violations} == {"seed", "odd"}


def test_many_wrong_fields_are_found_in_bounded_time() -> None:
    with pytest.raises(InvalidRequest) as caught:
        made("chat", **{f"x{i}": 1 for i in range(500)})
    *named, last = caught.value.violations
    assert len(named) == 32
    assert (last.field, last.description) == ("", f"has at least 129 more wrong fields; {MEND}")


def test_the_last_line_counts_what_is_not_named() -> None:
    with pytest.raises(InvalidRequest) as caught:
        made("chat", seed="x", modalities=["audio"], **{f"x{i}": 1 for i in range(40)})
    *named, last = caught.value.violations
    assert {"seed", "modalities[0]"} <= {one.field for one in named}
    assert (len(named), last.description) == (33, f"has at least 9 more wrong fields; {MEND}")


def test_the_last_line_counts_the_fields_of_an_item_too() -> None:
    with pytest.raises(InvalidRequest) as caught:
        made("responses", input=[{"role": "user", "content": "A", **{f"x{i}": 1 for i in range(33)}}])
    *named, last = caught.value.violations
    assert (len(named), last.description) == (32, f"has at least 1 more wrong field; {MEND}")


@pytest.mark.parametrize(("count", "more"), [(63, False), (65, True), (500, True)])
def test_the_last_line_says_that_there_are_more(count: int, more: bool) -> None:
    wrong_urls = [{"type": "image_url", "image_url": {"url": "x"}} for _ in range(count)]
    found = wrong("chat", messages=[{"role": "user", "content": wrong_urls}])
    assert (len(found), found[-1] == "") == (min(count, 64) + more, more)


def _served(name: str) -> Capabilities:
    raise NotFound(f"no model {name!r} is served here")


@pytest.mark.parametrize("fields", [{"seed": "x"}, {"top_p": 7}, {"size": "9000x10"}], ids=str)
def test_a_model_that_is_not_served_is_named_last(fields: dict[str, Any]) -> None:
    body = json.dumps({**BASE["chat"], **fields}).encode()
    with pytest.raises(InvalidRequest) as caught:
        read(body, *KINDS["chat"], _served)
    assert [one.field for one in caught.value.violations] == [*fields, "model"]


def test_a_model_that_is_not_served_is_left_to_the_call() -> None:
    assert read(json.dumps(BASE["chat"]).encode(), *KINDS["chat"], _served)[0].model == "gemini/model"


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("chat", {"logit_bias": {"1": -100}, "transforms": ["middle-out"]}, ["logit_bias", "transforms"]),
        ("chat", {"response_format": {"type": "json_object"}}, ["response_format.type"]),
        ("chat", {"image_config": {"image_size": "4K"}}, ["image_config.image_size"]),
        ("chat", {"reasoning_effort": "low"}, ["reasoning_effort"]),
        ("chat", {"size": "9000x10"}, ["size"]),
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "A", "odd": {}}]}]},
            ["messages[0].content[0].odd"],
        ),
        ("images", {"output_format": "jpeg", "style": "natural"}, ["style", "output_format"]),
        ("responses", {"input": [{"role": "user", "content": "A", "odd": 1}]}, ["input[0].odd"]),
    ],
    ids=str,
)
def test_drop_params_leaves_out_what_the_model_does_not_take(
    kind: str, fields: dict[str, Any], expected: list[str]
) -> None:
    builder = made(kind, drop_params=True, **fields)
    builder.check()
    assert builder.dropped == expected
    assert builder.later() == []
    assert sorted(wrong(kind, **fields)) == sorted(expected)


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        # What is missing beside it.
        (
            "chat",
            {"messages": [{"role": "user", "content": "A", "tool_calls": [{"id": "", "x": {}}]}]},
            ["messages[0]"],
        ),
        # What guards something.
        ("chat", {"guardrails": ["pii"]}, ["guardrails"]),
        ("chat", {"safetySetings": []}, ["safetySetings"]),
        ("images", {"moderation": "low"}, ["moderation"]),
        ("chat", {"safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT"}]}, ["safety_settings[0].threshold"]),
        ("chat", {"image_config": {"person_generatoin": "ALLOW_NONE"}}, ["image_config.person_generatoin"]),
        # Limits, and values that are wrong for every model.
        ("chat", {"max_tokens": -1}, ["max_tokens"]),
        ("chat", {"max_price": 1}, ["max_price"]),
        ("chat", {"temperature": 9}, ["temperature"]),
        ("chat", {"seed": "x"}, ["seed"]),
        # Where data comes from and goes to, and the content.
        ("chat", {"output_config": {"uri_prefix": "gs://b/"}}, ["output_config"]),
        ("chat", {"messages": [{"role": "robot", "content": "A"}]}, ["messages[0].role"]),
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            ["messages[0].content[0].type"],
        ),
        ("chat", {"tools": [{"type": "code_interpreter"}]}, ["tools[0].type"]),
    ],
    ids=str,
)
def test_drop_params_leaves_out_nothing_else(kind: str, fields: dict[str, Any], expected: list[str]) -> None:
    found = wrong(kind, drop_params=True, **fields)
    assert [name for name in found if name.partition(".")[0] == expected[0].partition(".")[0]] == found
    assert found[0].startswith(expected[0])


@pytest.mark.parametrize(
    ("given", "default", "expected"),
    [(None, False, False), (None, True, True), (False, True, False), (True, False, True), (True, True, True)],
)
@pytest.mark.parametrize("fields", [{"style": "natural"}, {"image_config": {"image_size": "4K"}}], ids=str)
def test_the_request_overrides_the_default(
    fields: dict[str, Any], given: bool | None, default: bool, expected: bool
) -> None:
    body = {**BASE["images"], **fields, "drop_params": given}
    try:
        _, builder = read(
            json.dumps(body).encode(), ImagesRequest, images_decode.spec_of, lambda _: PLAIN, drops=default
        )
        dropped = bool(builder.dropped)
    except InvalidRequest:
        dropped = False
    assert dropped == expected
    form: dict[str, object] = {"model": "m", "prompt": "A", "style": "natural"}
    if given is not None:
        form["drop_params"] = str(given).lower()
    try:
        _, builder = read_form(form, ImagesRequest, images_decode.spec_of, lambda _: PLAIN, drops=default)
        dropped = bool(builder.dropped)
    except InvalidRequest:
        dropped = False
    assert dropped == expected


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_a_body_that_is_no_object(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(body, ImagesRequest, images_decode.spec_of, lambda _: PLAIN)
    assert [one.field for one in caught.value.violations] == ["body"]
    with pytest.raises(InvalidRequest) as caught:
        read(b'{"odd": 1}', ImagesRequest, images_decode.spec_of, lambda _: PLAIN)
    assert {one.field for one in caught.value.violations} == {"odd", "prompt", "model"}


def test_a_body_is_emptied_when_the_request_has_its_values() -> None:
    body = bytearray(b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}')
    request, _ = read(body, *KINDS["chat"], lambda _: Capabilities(id="m"))
    assert (request.model, body) == ("m", bytearray())


@pytest.mark.parametrize("number", ["1e400", "9" * 5000], ids=["exponent", "digits"])
@pytest.mark.parametrize(
    ("field", "others"),
    [("temperature", {}), ("temperature", {"odd": 1, "top_p": 7}), ("seed", {"odd": 1}), ("odd", {}), ("timeout", {})],
    ids=str,
)
def test_a_number_that_is_too_large_is_named_and_hides_nothing(number: str, field: str, others: dict[str, Any]) -> None:
    body = json.dumps({**BASE["chat"], **others})[:-1] + f',"{field}":{number}}}'
    with pytest.raises(InvalidRequest) as caught:
        read(body.encode(), *KINDS["chat"], lambda _: PLAIN)
    assert {one.field for one in caught.value.violations} == {field, *others}


@pytest.mark.parametrize("fields", ['"odd":1', '"odd":null'])
def test_it_is_named_wherever_it_is(fields: str) -> None:
    body = json.dumps({**BASE["chat"], "drop_params": True})[:-1] + f',{fields},"metadata":{{"a":[0,{{"b":1e400}}]}}}}'
    with pytest.raises(InvalidRequest) as caught:
        read(body.encode(), *KINDS["chat"], lambda _: PLAIN)
    assert [one.field for one in caught.value.violations] == ["metadata.a[1].b"]
