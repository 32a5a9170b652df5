"""Checks of pictures: of input, and of earlier answers."""

from typing import Any

import pytest

from imagewire_server.contract import image_header, image_rules, pb
from tests.pictures import JPEG, PNG, encoded
from tests.unit.contract.requests import SHA, answer, message, request, result, violations

# The fields of a spec, and the paths of what is wrong with them (below "spec.").
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"messages": [message(image={"data": b"GARBAGE"})]}, ["messages[0].image.data"]),
    ({"messages": [message(image={"data": PNG, "mime_type": "image/jpeg"})]}, ["messages[0].image.mime_type"]),
    ({"messages": [message(image={"data": PNG, "width": 5})]}, ["messages[0].image.width"]),
    ({"messages": [message(image={"data": PNG, "size_bytes": 5})]}, ["messages[0].image.size_bytes"]),
    ({"messages": [message(image={"data": PNG, "sha256": b"x" * 32})]}, ["messages[0].image.sha256"]),
    ({"messages": [message(image={"uri": "file:///etc/passwd"})]}, ["messages[0].image.uri"]),
    ({"messages": [message(image={"uri": "http://example.com"})]}, ["messages[0].image.uri"]),
    ({"messages": [message(image={"uri": "data:text/html,x"})]}, ["messages[0].image.uri"]),
    ({"messages": [message(image={"uri": "https://e.com/" + "x" * 2048})]}, ["messages[0].image.uri"]),
    ({"messages": [message(image={"uri": "gs://b/x"})]}, ["messages[0].image.mime_type"]),
    ({"messages": [message(image={"data": PNG, "display_name": "a"})]}, ["messages[0].image.display_name"]),
    (
        {"messages": [message(parts=[{"image": {"data": PNG, "display_name": "a"}}])]},
        ["messages[0].parts[0].image.display_name"],
    ),
    (
        {"messages": [message(image={"data": PNG, "mime_type": "application/octet-stream"})]},
        ["messages[0].image.mime_type"] * 2,
    ),
    (
        {"messages": [result({"data": b"GARBAGE"}, {})]},
        [f"messages[0].parts[0].function_response.images[{end}" for end in ("0].data", "1]")],
    ),
    ({"messages": [message(content="x"), answer({"image": {"data": b"?"}})]}, ["messages[1].parts[0].image.mime_type"]),
    (
        {"messages": [message(content="x"), answer({"image": {"data": b"?", "mime_type": "image/x", "sha256": SHA}})]},
        ["messages[1].parts[0].image.sha256"],
    ),
]


@pytest.mark.parametrize(("fields", "paths"), WRONG)
def test_what_is_wrong_is_named_by_its_path(fields: dict[str, Any], paths: list[str]) -> None:
    assert violations(request(**fields)) == [f"spec.{path}" for path in paths]


def test_a_pixel_bomb_is_refused_by_its_header() -> None:
    bomb = PNG[:16] + (60_000).to_bytes(4, "big") * 2 + PNG[24:]
    assert violations(request(messages=[message(image={"data": bomb})])) == ["spec.messages[0].image.data"]


_WHOLE = "leave it out or correct it"
_ENDS = "ends before the size in pixels, which is in the header of"
_CUT = [(PNG, 8, "image/png"), (JPEG, 3, "image/jpeg"), (encoded("WEBP", 4, 3), 20, "image/webp")]
_UNCHECKED = "can only be checked against data; leave it out beside a uri"
# A picture of a request, and each thing that is wrong with it.
SENT: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"data": PNG}, []),
    ({"data": JPEG, "mime_type": "image/jpeg", "width": 4, "height": 3, "size_bytes": len(JPEG)}, []),
    ({"uri": "gs://bucket/a.png", "mime_type": "image/png"}, []),
    ({"uri": "HTTPS://example.com/a.png"}, []),
    ({"uri": "data:image/svg+xml;base64,"}, []),
    ({}, [("", "has no source; set data, uri, image_id or sha256")]),
    (
        {"data": PNG, "display_name": "a"},
        [("display_name", "is only for pictures in a function's result; leave it out")],
    ),
    ({"data": encoded("GIF", 4, 3)}, [("data", image_rules.NO_GIF)]),
    ({"data": encoded("GIF", 4, 3), "mime_type": "image/gif"}, [("data", image_rules.NO_GIF)]),
    ({"uri": "gs://bucket/a.gif", "mime_type": "image/gif"}, [("uri", image_rules.NO_GIF)]),
    ({"uri": "https://e.com/a", "mime_type": "image/gif"}, [("mime_type", image_rules.NO_GIF)]),
    ({"data": b"%PDF-1.7"}, [("data", "is not a supported image file; send PNG, JPEG, WebP, HEIC or HEIF")]),
    *(({"data": data[:size]}, [("data", f"{_ENDS} {kind}: send all of it")]) for data, size, kind in _CUT),
    ({"data": JPEG[:3] + bytes(image_header.ENOUGH)}, []),  # its size may come later
    (
        {"data": PNG, "mime_type": "image/webp"},
        [("mime_type", f"is 'image/webp', but the data is image/png; {_WHOLE}")],
    ),
    (
        {"data": PNG, "width": 5, "height": 9, "size_bytes": 1},
        [
            ("width", f"is 5, but the data has 4; {_WHOLE}"),
            ("height", f"is 9, but the data has 3; {_WHOLE}"),
            ("size_bytes", f"is 1, but the data has {len(PNG)}; {_WHOLE}"),
        ],
    ),
    (
        {"data": PNG, "sha256": SHA[::-1]},
        [("sha256", "does not match the data: the picture was damaged or changed; send it again")],
    ),
    (
        {"data": PNG, "mime_type": image_rules.UNTOLD_TYPE},
        [
            ("mime_type", 'must be a media type such as "image/png"; leave it out or correct it'),
            ("mime_type", f"is 'application/octet-stream', but the data is image/png; {_WHOLE}"),
        ],
    ),
    ({"uri": "gs://bucket/a.png"}, [("mime_type", 'is required beside a gs:// uri, for example "image/png"')]),
    ({"uri": "ftp://e.com/a"}, [("uri", "must start with https://, gs:// or data:; send other pictures as data")]),
    (
        {"uri": "no scheme at all, but longer than any scheme is"},
        [("uri", "must start with https://, gs:// or data:; send other pictures as data")],
    ),
    ({"uri": "data:image/png,AAAA"}, [("uri", "must be data:image/TYPE;base64,DATA")]),
    ({"uri": "https://e.com/".ljust(2048, "x")}, []),
    ({"uri": "https://e.com/".ljust(2049, "x")}, [("uri", "has 2049 characters; at most 2048 are allowed")]),
    (
        {"uri": "https://e.com/", "width": 1, "height": 1, "size_bytes": 1, "sha256": SHA},
        [(field, _UNCHECKED) for field in ("width", "height", "size_bytes", "sha256")],
    ),
]


@pytest.mark.parametrize(("fields", "wrong"), SENT)
def test_an_input_picture_is_checked_by_its_data(fields: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    assert list(image_rules.sent(pb.Image(**fields))) == wrong


def test_a_picture_of_a_result_may_have_a_name() -> None:
    assert list(image_rules.sent(pb.Image(data=PNG, display_name="a"), of_result=True)) == []


# A picture of an earlier answer: what the provider drew goes back, also in a format that requests do not take.
ANSWERED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"data": PNG, "mime_type": "image/jpeg"}, []),
    ({"data": encoded("GIF", 4, 3), "mime_type": "image/gif"}, []),
    ({"data": b"?", "mime_type": "image/avif"}, []),
    ({"uri": "gs://bucket/a.png"}, []),
    ({}, [("", "has no source; set data, uri, image_id or sha256")]),
    ({"data": b"?"}, [("mime_type", "is required: the data is none of PNG, JPEG, WebP, HEIC or HEIF")]),
    (
        {"data": b"?", "mime_type": "image/avif", "width": 1},
        [("width", "cannot be checked: this server cannot read it from the data; leave it out")],
    ),
    ({"data": PNG, "height": 4}, [("height", f"is 4, but the data has 3; {_WHOLE}")]),
    ({"uri": "file:///a"}, [("uri", "must start with https://, gs:// or data:; send other pictures as data")]),
]


@pytest.mark.parametrize(("fields", "wrong"), ANSWERED)
def test_a_picture_of_an_answer_is_only_checked_for_damage(
    fields: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    assert list(image_rules.answered(pb.Image(**fields))) == wrong


@pytest.mark.parametrize(
    ("width", "height", "fine"), [(10_000, 10_000, True), (10_000, 10_001, False), (0, 2**31, True)]
)
def test_the_pixels_of_a_header_are_bounded(width: int, height: int, fine: bool) -> None:
    data = PNG[:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + PNG[24:]
    wrong = [] if fine else [("data", f"has {width}x{height} pixels; at most 100000000 are allowed: scale it down")]
    assert list(image_rules.of_data(pb.Image(), data, answered=False)) == wrong
