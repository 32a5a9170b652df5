"""What of earlier answers has lost its signatures: pictures, calls, and the text with which an answer begins."""

from typing import Any

import pytest

from imagewire_server.contract import lost_signatures, pb
from tests.pictures import PNG

USER, MODEL = pb.Role.ROLE_USER, pb.Role.ROLE_ASSISTANT
PICTURE: dict[str, Any] = {"image": {"data": PNG}}
ROWS: list[tuple[dict[str, Any], list[tuple[int, str]]]] = [
    ({"content": "Here"}, [(0, "content")]),
    (PICTURE, [(0, "image")]),
    ({"content": "Here", **PICTURE}, [(0, "content"), (1, "image")]),
    ({"parts": [{"text": "hm", "thought": True}, {"text": "Here"}, {"text": "it is"}]}, [(1, "parts[1]")]),
    ({"parts": [{}, PICTURE]}, [(0, "parts[0]"), (1, "parts[1]")]),
    ({"parts": [PICTURE, {"text": "Here"}]}, [(0, "parts[0]")]),
    ({"parts": [PICTURE | {"thought": True}, {"function_call": {"name": "f"}}]}, [(1, "parts[1]")]),
    ({"parts": [{"media": {"data": b"x"}}, {"native": {"kind": "x"}}]}, [(0, "parts[0]")]),
    ({"parts": [PICTURE, {"text": "Here", "thought_signature": b"own"}]}, []),
]


@pytest.mark.parametrize(("answer", "found"), ROWS)
def test_what_of_a_message_needs_one(answer: dict[str, Any], found: list[tuple[int, str]]) -> None:
    assert lost_signatures.of_message(pb.ChatMessage(role=MODEL, **answer)) == found
    assert lost_signatures.of_message(pb.ChatMessage(role=USER, **answer)) == []


def test_all_of_a_request() -> None:
    spec = pb.Spec(messages=[{"role": role, "content": "x", **PICTURE} for role in (USER, MODEL, USER, MODEL)])
    assert list(lost_signatures.paths(spec)) == [(1, "content"), (1, "image"), (3, "content"), (3, "image")]
