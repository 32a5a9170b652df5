"""Encoding adds what Google requires: a signature for an answer, and a switch for search next to functions."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Capabilities
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire import encode
from tests.pictures import PNG

SIGNED_MODEL = models("gemini").find("gemini-3-pro-image")
PLACEHOLDER = b"skip_thought_signature_validator"
HISTORY: list[tuple[dict[str, Any], list[bytes | None]]] = [
    ({"content": "Here"}, [PLACEHOLDER]),
    ({"parts": [{"text": "hm", "thought": True}, {"text": "Here"}, {"text": "it is"}]}, [None, PLACEHOLDER, None]),
    ({"content": "Here", "image": {"data": PNG}}, [PLACEHOLDER, PLACEHOLDER]),
    ({"parts": [{"image": {"data": PNG}}, {"text": "Here"}]}, [PLACEHOLDER, None]),
    ({"parts": [{"image": {"data": PNG}, "thought": True}, {"function_call": {"name": "f"}}]}, [None, PLACEHOLDER]),
    ({"parts": [{"text": "He"}, {"text": "re", "thought_signature": b"own"}]}, [None, b"own"]),
    ({"parts": [{"image": {"data": PNG}, "thought_signature": b"own"}, {"text": "Here"}]}, [b"own", None]),
    ({"parts": [{"text": "Here"}, {"image": {"data": PNG}, "thought_signature": b"own"}]}, [None, b"own"]),
]


@pytest.mark.parametrize(("answer", "signatures"), HISTORY)
def test_an_answer_without_any_signature_is_signed(answer: dict[str, Any], signatures: list[bytes | None]) -> None:
    messages = [{"role": 2, "content": "x"}, {"role": 3, **answer}, {"role": 2, "content": "y"}]
    sent = encode(pb.Spec(model="m", messages=messages), SIGNED_MODEL)["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in sent] == signatures
    unsigned = encode(pb.Spec(model="m", messages=messages), Capabilities())["contents"][1]["parts"]
    assert PLACEHOLDER not in [part.get("thoughtSignature") for part in unsigned]


@pytest.mark.parametrize(("service", "extra"), [("gemini", {}), ("gemini", {"tool_config": {}}), ("vertex_ai", {})])
def test_functions_may_stand_next_to_search(service: str, extra: dict[str, Any]) -> None:
    tools = [{"google_search": {}}, {"functions": {"declarations": [{"name": "f"}]}}]
    given = {"messages": [{"role": 2, "content": "x"}], "tool_config": {"mode": "AUTO"}, "extra_body": extra}
    chosen = models(service).find("gemini-3-pro-image")
    both = encode(pb.Spec(model="m", tools=tools, **given), chosen)["toolConfig"]
    one = encode(pb.Spec(model="m", tools=tools[1:], **given), chosen)["toolConfig"]
    assert both.get("includeServerSideToolInvocations", False) == (service == "gemini" and not extra)
    assert "includeServerSideToolInvocations" not in one
