"""An answer that is sent back unchanged is the same answer."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.chat.answer import ChatAnswer, ImageFields
from imagewire_server.formats.openai.responses.answer import ResponsesAnswer
from imagewire_server.formats.openai.responses.request import ResponsesRequest
from tests.golden.cases import WHOLE, Case
from tests.golden.test_rest import events, folded, written
from tests.unit.formats.openai.asked import USER, spec


def _said(parts: Any) -> list[Any]:
    """Parts, neighbouring unsigned texts as one: their border means nothing."""
    made: list[Any] = []
    for part in parts:
        kind = part.WhichOneof("content") or "text"
        value = {"text": part.text, "image": part.image.data, "function_call": part.function_call.name}[kind]
        told = [kind, part.thought, part.thought_signature, value]
        if made and kind == "text" and made[-1][:3] == told[:3] == ["text", part.thought, b""]:
            made[-1][3] += value
        elif value or part.thought_signature:
            made.append(told)
    return made


def _grpc_parts(answer: pb.CreateCompletionResponse) -> list[pb.Part]:
    message = answer.candidates[0].message
    for part in message.parts:
        if part.HasField("image") and not part.image.data:
            part.image.data = message.image.data
    return list(message.parts)


ANSWERED = [case for case in WHOLE if case.name != "prompt-blocked"]


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.name)
def test_an_answer_said_back_is_the_answer(case: Case) -> None:
    expected = _grpc_parts(folded(case))
    message = json.loads(written(ChatAnswer(ImageFields()), events(case)))["choices"][0]["message"]
    if not expected:
        assert message == {"role": "assistant", "content": ""}
        return
    again = list(spec("chat", messages=[*USER, message]).messages[1].parts)
    if "provider_specific_fields" in message:
        assert _said(again) == _said(expected)
    else:
        # Without signatures the order is not kept: it is thoughts, text, pictures, calls.
        assert sorted(map(str, _said(again))) == sorted(map(str, _joined(_said(expected))))


def _joined(parts: list[Any]) -> list[Any]:
    texts: dict[bool, Any] = {}
    rest = []
    for part in parts:
        if part[0] != "text":
            rest.append(part)
        elif part[1] in texts:
            texts[part[1]][3] += part[3]
        else:
            texts[part[1]] = part
    return [*texts.values(), *rest]


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.name)
def test_a_responses_items_said_back_are_the_answer(case: Case) -> None:
    request = ResponsesRequest(model="gemini/a-model", input="A banana")
    items = json.loads(written(ResponsesAnswer(request), events(case)))["output"]
    again = [part for message in spec("responses", input=[*USER, *items]).messages[1:] for part in message.parts]
    assert _said(again) == _said(_grpc_parts(folded(case)))
