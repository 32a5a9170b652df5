"""Answers in OpenAI's shape: as the server's REST has them, whichever way they come."""

import json
from typing import Any

import msgspec
import pytest
from google.protobuf.struct_pb2 import Struct

import imagewire
from imagewire import Media
from imagewire.answer import Answer
from imagewire.litellm import finish, provider_fields
from imagewire.litellm.types import Choice, Completion, CompletionChunk
from imagewire.litellm.types import Message as OwnMessage
from imagewire.litellm.usage import Usage
from imagewire.part import Part
from imagewire.v1 import chat_service_pb2 as chat
from imagewire.v1 import usage_pb2
from imagewire.v1.message_pb2 import NativePart
from imagewire_server.formats.openai.common import mapping, native_json
from imagewire_server.formats.openai.common.encoder import encoded
from tests.sdk.conftest import Script, scripted
from tests.sdk.events import everything, fill

DEEP = "[" * 200 + "]" * 200
# JSON text, and whether it stands as JSON.
TEXTS = [
    ('{"a": [1, 0.5, null, true, "ä"]}', True),
    ("9007199254740991", True),
    ("9007199254740993", False),
    ("9007199254740993.0", False),
    ("1e400", False),
    ('["\\ud83d\\ude00"]', True),
    ('["\\ud800"]', False),
    ('{"\\udc00": 1}', False),
    (DEEP, False),
    ("[" * 5000 + "]" * 5000, False),
    ("9" * 5000, False),
]


@pytest.mark.parametrize(("text", "safe"), TEXTS, ids=[text[:20] for text, _ in TEXTS])
def test_u4_json_of_the_providers_own_stands_as_text_where_a_reader_would_change_it(text: str, *, safe: bool) -> None:
    fields = {"a": text, "b": "1"}
    answer = Answer(
        parts=[Part(native=NativePart(kind="k", value_json=text), native_fields=fields), Part(text="x")],
        candidate=chat.CandidateFinished(native_fields=fields),
        native_fields=fields,
    )
    made = Completion(answer)
    (choice,) = made.choices
    extras: Any = choice.message.provider_specific_fields
    (native,) = extras["native_parts"]
    assert native_json.embedded("value", text).keys() <= native.keys(), "as REST has it"
    if safe:
        assert (native["value"], extras["native_fields"][0]["a"]) == (json.loads(text), json.loads(text))
        assert "native_fields_json" not in extras
    else:
        assert (native["value_json"], extras["native_fields_json"]) == (text, [{"a": text}, None])
        assert extras["native_fields"] == [{"b": 1}, None]
    for found in (choice.provider_specific_fields, made.provider_specific_fields):
        assert found is not None
        assert found.keys() == native_json.native_fields(fields).keys()
    json.dumps(made.model_dump(), allow_nan=False).encode()


def test_a_file_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    encode = provider_fields._base64
    monkeypatch.setattr(provider_fields, "_base64", lambda data: seen.append(data) or encode(data))
    message = OwnMessage(Answer(parts=[Part(media=Media(b"%d" % i, mime_type="audio/wav")) for i in range(3)]))
    assert seen == [], "none unless it is asked for"
    message.model_dump()
    assert seen == [b"0", b"1", b"2"]


def ends() -> tuple[Choice, list[CompletionChunk]]:
    """The choice of an answer that has all, and the chunks of the same."""
    with scripted(Script(everything())) as target:
        whole = imagewire.completion("m", [{"role": "user", "content": "x"}], target=target)
        streamed = imagewire.completion(
            "m", [{"role": "user", "content": "x"}], target=target, stream=True, stream_options={"include_usage": True}
        )
        return whole.choices[0], list(streamed)


def test_the_last_choice_of_a_stream_says_all_that_an_answers_choice_does() -> None:
    whole, streamed = ends()
    told = whole.model_dump()
    del told["message"]
    last = streamed[-2].choices[0].model_dump()
    del last["delta"]
    assert last == told
    assert {"finish_message", "safety_ratings", "grounding_metadata", "citation_metadata"} <= last.keys()


def test_an_ending_is_that_of_rest() -> None:
    said = Struct()
    said.update({"chunk": 3, "score": 0.5})
    end = fill(chat.CandidateFinished(), leave=["grounding_metadata"])
    end.grounding_metadata.CopyFrom(said)
    end.safety_ratings.add(category="C", probability="LOW")
    feedback = fill(chat.PromptFeedback())
    for answer, expected in (
        (
            Answer(candidate=end, finish_reason="STOP", native_finish_reason=end.native_finish_reason),
            mapping.ending(end),
        ),
        (Answer(prompt_feedback=feedback), mapping.blocked(feedback)),
    ):
        answer.finish_message = answer.candidate.finish_message
        made = {name: value for name, value in finish.of(answer).items() if value is not None}
        told = msgspec.json.decode(encoded(expected | {"finish_reason": made["finish_reason"]}))
        assert json.dumps(made, sort_keys=True) == json.dumps(told, sort_keys=True)


@pytest.mark.parametrize("used", [usage_pb2.Usage(), fill(usage_pb2.Usage())], ids=["none", "all"])
def test_usage_is_that_of_rest(used: usage_pb2.Usage) -> None:
    made = Usage(Answer(usage=used))
    assert made.model_dump() == mapping.usage(used)
    assert made.completion_tokens_details.reasoning_tokens == used.thoughts_tokens
    assert made.completion_tokens_details["image_tokens"] == 0
    assert made.prompt_tokens_details.reasoning_tokens is None


def test_usage_is_in_the_last_chunk() -> None:
    _, streamed = ends()
    assert streamed[-1].usage is not None
    assert streamed[-1].usage.cost_nano_usd
    assert not streamed[-1].choices
