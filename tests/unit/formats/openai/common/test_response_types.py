"""The types of answers take what this server writes, and nothing else."""

from typing import Any

import msgspec
import pytest

from imagewire_server.contract import errors
from imagewire_server.contract.errors import Violation
from imagewire_server.formats.openai.chat.answer import ChatAnswer, ImageFields
from imagewire_server.formats.openai.common import response_types
from imagewire_server.formats.openai.common.errors import body as error_body
from imagewire_server.formats.openai.responses.answer import ResponsesAnswer
from imagewire_server.formats.openai.responses.request import ResponsesRequest
from tests.unit.formats.openai.answered import STARTED, body, call, ended, finished, native, picture, text

EVENTS = [
    STARTED,
    *text("Hm", thought=True, thought_signature=b"A", native_fields={"a": "1"}),
    *text("Here", 1),
    *picture(b"abc", 2),
    *picture(b"abc", 3, "audio/wav"),
    *call(4),
    *native(5),
    *ended(
        finish_message="Done",
        safety_ratings=[{"category": "C", "probability": "LOW", "severity": "S", "severity_score": 0.5}],
        native_fields={"a": "1e400"},
    ),
    *finished(
        usage={"total_tokens": 1, "cost_usd": 0.5, "cost_nano_usd": 5, "traffic_type": "T", "service_tier": "flex"},
        model_status={"stage": "S", "message": "M", "retirement_time": {"seconds": 1}},
        continuation_token=b"A",
        native_fields={"a": "1"},
        omitted_fields=["b"],
    ),
]
CHAT = body(ChatAnswer(ImageFields()), EVENTS)
RESPONSE = body(ResponsesAnswer(ResponsesRequest(model="m", input="A")), EVENTS)
ERROR = error_body(errors.InvalidRequest([Violation("a", "is wrong"), Violation("b", "is wrong")]), "id")
ANSWERS = [
    (response_types.ChatCompletion, CHAT),
    (response_types.Response, RESPONSE),
    (response_types.ErrorAnswer, ERROR),
    (response_types.ErrorAnswer, error_body(errors.Internal("no"), "id")),
]


@pytest.mark.parametrize(("kind", "answer"), ANSWERS)
def test_an_answer_is_of_its_type(kind: type[Any], answer: Any) -> None:
    assert msgspec.to_builtins(msgspec.convert(answer, kind)) == answer


@pytest.mark.parametrize(("kind", "answer"), ANSWERS)
def test_a_field_that_is_unknown_or_missing_is_an_error(kind: type[Any], answer: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `invented`"):
        msgspec.convert({**answer, "invented": 1}, kind)
    first = next(iter(answer))
    with pytest.raises(msgspec.ValidationError, match=f"missing required field `{first}`"):
        msgspec.convert({name: value for name, value in answer.items() if name != first}, kind)
