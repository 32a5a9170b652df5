"""Checks of pictures: of input, and of earlier answers."""

from typing import Any

import pytest

from tests.pictures import PNG
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
