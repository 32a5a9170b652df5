"""An answer that is sent back: its parts are rebuilt, each with what belongs to it."""

from typing import Any

import msgspec
import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import returned_parts
from imagewire_server.formats.openai.common.returned_parts import Named, Said
from imagewire_server.formats.openai.common.shared_request import AnswerImage, Extras
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder

OWN = "messages[1].provider_specific_fields"
PLAIN = Said("abc", "hm", "reasoning_content")


def rebuilt(
    extras: dict[str, Any] | None = None,
    said: Said = PLAIN,
    images: list[Named] | None = None,
    calls: list[Named] | None = None,
    *,
    unplaced: bool = False,
) -> tuple[list[pb.Part], SpecBuilder]:
    builder = SpecBuilder("m")
    given = None if extras is None else msgspec.convert(extras, Extras)
    parts = returned_parts.parts_of(
        builder, said, given, "messages[1]", "messages[1]", images=images or [], calls=calls or [], unplaced=unplaced
    )
    return parts, builder


def refusals(builder: SpecBuilder) -> list[tuple[str, str]]:
    return [(one.field, one.description) for one in builder.violations]


@pytest.mark.parametrize("extras", [None, {}, {"parts": ["thought:2", "text:3"]}])
def test_texts(extras: dict[str, Any] | None) -> None:
    parts, builder = rebuilt(extras)
    assert parts == [pb.Part(text="hm", thought=True), pb.Part(text="abc")]
    assert builder.origins["spec.messages[1].parts[0]"] == "messages[1].reasoning_content"
    assert builder.origins["spec.messages[1].parts[1]"] == "messages[1].content"


@pytest.mark.parametrize("unplaced", [True, False])
def test_signatures_that_fit_no_part_are_left_out_of_litellms_own_answers_alone(unplaced: bool) -> None:
    parts, builder = rebuilt({"thought_signatures": ["QQ=="]}, unplaced=unplaced)
    assert parts == [pb.Part(text="hm", thought=True), pb.Part(text="abc")]
    assert [field for field, _ in refusals(builder)] == ([] if unplaced else [f"{OWN}.thought_signatures"])


def test_nothing_is_no_parts() -> None:
    assert rebuilt({}, Said("", "", "summary"))[0] == []
    assert rebuilt({"parts": []}, Said("", "", "summary"))[0] == []


def test_all_kinds_keep_their_order_and_their_fields() -> None:
    image = Named(
        pb.Part(image={"data": b"A"}), "messages[1].images[0].image_url.url", "messages[1].images[0].mime_type"
    )
    call = Named(pb.Part(function_call={"name": "f"}), "messages[1].tool_calls[0].function.arguments")
    extras = {
        "parts": ["native", "image", "text:3", "media", "tool_call:thought"],
        "thought_signatures": [None, "QQ==", None, "", None],
        "native_fields": [{"a": [1]}, None, None, None, None],
        "native_fields_json": [None, None, None, {"b": "1e400"}, None],
        "native_parts": [{"kind": "code", "value": {"x": None}, "thought": True}],
        "media": [{"mime_type": "audio/wav", "url": "data:audio/wav;base64,QQ==", "display_name": "song"}],
    }
    parts, builder = rebuilt(extras, Said("abc", "", "reasoning_content"), [image], [call])
    assert parts == [
        pb.Part(native={"kind": "code", "value_json": '{"x":null}'}, thought=True, native_fields={"a": "[1]"}),
        pb.Part(image={"data": b"A"}, thought_signature=b"A"),
        pb.Part(text="abc"),
        pb.Part(media={"data": b"A", "mime_type": "audio/wav", "display_name": "song"}, native_fields={"b": "1e400"}),
        pb.Part(function_call={"name": "f"}, thought=True),
    ]
    assert refusals(builder) == []
    at = "spec.messages[1].parts"
    assert {path: field for path, field in builder.origins.items() if path.startswith(at)} == {
        f"{at}[0]": f"{OWN}.native_parts[0]",
        f"{at}[0].native_fields": f"{OWN}.native_fields[0]",
        f"{at}[1]": image.field,
        f"{at}[1].image": image.field,
        f"{at}[1].image.mime_type": image.type_field,
        f"{at}[1].image.detail": "messages[1].images[0].image_url.detail",
        f"{at}[1].image.display_name": "messages[1].images[0].image_url.display_name",
        f"{at}[1].thought_signature": f"{OWN}.thought_signatures[1]",
        f"{at}[2]": "messages[1].content",
        f"{at}[3]": f"{OWN}.media[0]",
        f"{at}[3].native_fields": f"{OWN}.native_fields_json[3]",
        f"{at}[4]": call.field,
    }


@pytest.mark.parametrize(
    ("extras", "expected"),
    [
        (
            {"parts": ["image"]},
            [(OWN, "does not match the message; send the answer back unchanged, or leave this field out")],
        ),
        (
            {"parts": []},
            [(OWN, "does not cover the whole message; send the answer back unchanged, or leave this field out")],
        ),
        (
            {"thought_signatures": ["QQ=="], "native_fields": []},
            [
                (f"{OWN}.thought_signatures", "has 1 entries for 2 parts; send the answer back unchanged"),
                (f"{OWN}.native_fields", "has 0 entries for 2 parts; send the answer back unchanged"),
            ],
        ),
        ({"thought_signatures": [None, "?"]}, [(f"{OWN}.thought_signatures[1]", "is not valid base64")]),
        (
            {"native_parts": [{"kind": "code"}]},
            [
                (
                    f"{OWN}.native_parts[0].value",
                    "is required, or value_json instead; send the part back unchanged",
                )
            ],
        ),
        (
            {"native_parts": [{"kind": "code", "value": None, "value_json": "1"}]},
            [
                (
                    f"{OWN}.native_parts[0].value",
                    "is required, or value_json instead; send the part back unchanged",
                )
            ],
        ),
        (
            {"media": [{"mime_type": "audio/wav", "url": "data:audio/wav,A"}]},
            [(f"{OWN}.media[0].url", "must be data:TYPE;base64,DATA")],
        ),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_its_field(extras: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert refusals(rebuilt(extras)[1]) == expected


@pytest.mark.parametrize(
    ("one", "value_json"),
    [({"value": None}, "null"), ({"value": [1]}, "[1]"), ({"value_json": "1e400"}, "1e400"), ({"value_json": ""}, "")],
)
def test_a_native_part_has_one_value(one: dict[str, Any], value_json: str) -> None:
    [part], builder = rebuilt({"native_parts": [{"kind": "code", **one}]}, Said("", "", ""))
    assert part == pb.Part(native={"kind": "code", "value_json": value_json})
    assert refusals(builder) == []


@pytest.mark.parametrize("value", [None, "", {}])
def test_an_empty_value_is_none(value: object) -> None:
    builder, part = SpecBuilder("m"), pb.Part()
    returned_parts.put(builder, part, "thought_signature", value, "field", "messages[0].parts[0]")
    assert part == pb.Part()
    assert set(builder.origins) == {"spec.model"}


URL = "data:image/webp;base64,QQ=="


def entry(**fields: Any) -> AnswerImage:
    return msgspec.convert({"image_url": {"url": URL}, **fields}, AnswerImage)


@pytest.mark.parametrize(
    ("given", "answered", "expected"),
    [
        (entry(), False, Named(pb.Part(image={"data": b"A"}), "f.image_url.url")),
        (entry(), True, Named(pb.Part(image={"data": b"A", "mime_type": "image/webp"}), "f.image_url.url")),
        (
            entry(mime_type="image/png", thought=True),
            True,
            Named(
                pb.Part(image={"data": b"A", "mime_type": "image/png"}, thought=True), "f.image_url.url", "f.mime_type"
            ),
        ),
        (
            entry(mime_type="audio/wav", thought=True),
            True,
            Named(pb.Part(media={"data": b"A", "mime_type": "audio/wav"}, thought=True), "f.image_url.url"),
        ),
        (entry(mime_type="audio/wav"), False, Named(pb.Part(image={"data": b"A"}), "f.image_url.url", "f.mime_type")),
        (
            entry(image_url={"url": "gs://b/a", "display_name": "song"}, mime_type="audio/wav"),
            True,
            Named(
                pb.Part(media={"uri": "gs://b/a", "mime_type": "audio/wav", "display_name": "song"}), "f.image_url.url"
            ),
        ),
    ],
)
def test_an_entry_of_images(given: AnswerImage, answered: bool, expected: Named) -> None:
    assert returned_parts.shown(SpecBuilder("m"), given, "f", answered=answered) == expected


def test_a_wrong_entry_of_images_is_refused_by_its_url() -> None:
    for kind in ("image/png", "audio/wav"):
        builder = SpecBuilder("m")
        wrong = entry(image_url={"url": "data:;base64,?"}, mime_type=kind)
        assert returned_parts.shown(builder, wrong, "f", answered=True).part.image.data == b"refused"
        assert ("f.image_url.url", "is not valid base64") in refusals(builder)
