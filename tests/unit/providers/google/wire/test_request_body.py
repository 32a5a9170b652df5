"""The body of a large request is the document's JSON, in pieces, whatever its size says in advance."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagewire_server.providers.google.wire.request_body import Body
from tests.effort import times


def expected(value: Any) -> Any:
    """The document as JSON has it: bytes as base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: expected(inside) for name, inside in value.items()}
    return [expected(inside) for inside in value] if isinstance(value, list) else value


def written(document: Any) -> list[bytes]:
    body = Body(document)
    pieces = list(body.pieces())
    assert sum(map(len, pieces)) == body.size == len(body)
    return pieces


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside, max_size=3),
    max_leaves=8,
)


@given(_JSON)
@settings(max_examples=times(400))
def test_any_document(document: Any) -> None:
    try:
        text = json.dumps(expected(document)).encode()
    except UnicodeEncodeError:
        return
    assert json.loads(b"".join(written(document))) == json.loads(text)


@pytest.mark.parametrize("size", [96 * 1024 + extra for extra in (-1, 0, 1, 2, 3, 96 * 1024)])
def test_a_large_picture_is_base64_without_a_seam(size: int) -> None:
    picture = bytes(range(256)) * (size // 256) + bytes(size % 256)
    document = {"a": [{"data": picture}, {"data": b""}], "é": "x"}
    pieces = written(document)
    assert json.loads(b"".join(pieces)) == expected(document)
    assert max(map(len, pieces)) <= 128 * 1024 + 64


@pytest.mark.parametrize("text", ["é" * 65536, '"\\\n' * 30_000, "😀" * 65537, "x" * 300_000])
def test_a_long_text_is_written_in_pieces(text: str) -> None:
    pieces = written({"text": text, "list": [text, 1]})
    assert json.loads(b"".join(pieces)) == {"text": text, "list": [text, 1]}
    assert len(pieces) > 1


def test_an_empty_document() -> None:
    assert b"".join(written({})) == b"{}"
    assert b"".join(written([])) == b"[]"
