"""Every golden case, both ways, and the properties that hold for each of them."""

import json
import os
import re
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagewire_server.contract import validation
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire import encode
from tests.effort import times
from tests.golden.cases import CASES, WHOLE, Case, read

TOKENS = [
    b'"data":"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b'"',
    b"\\",
    b"\r\n\r\n",
    b"null",
    b"-1e999",
    b'"error":{',
    b"\xff",
    b"data: ",
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_whole_case = pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name)


@each_case
@pytest.mark.parametrize("provider", ["gemini", "vertex_ai"])
def test_the_request_is_googles(case: Case, provider: str) -> None:
    validation.check(case.spec)
    native_id = case.spec.model.removeprefix("gemini/")
    body = msgspec.json.decode(msgspec.json.encode(encode(case.spec, models(provider).find(native_id))))
    if provider == "vertex_ai" and case.name == "system-text-for-a-model-without":
        # On Vertex AI this model takes a system instruction.
        assert body["systemInstruction"] == {"parts": [{"text": "Be brief"}]}
    else:
        assert body == case.request


@each_case
def test_the_answer_makes_these_events(case: Case) -> None:
    events = read(case.answer)
    if os.environ.get("UPDATE_GOLDEN"):
        case.events_file.write_text(json.dumps(events, indent=2, ensure_ascii=False) + "\n")
    assert events == case.events


@each_case
def test_every_split_in_two_gives_the_same_events(case: Case) -> None:
    answer, events = case.answer, case.events
    for at in range(len(answer) + 1):
        assert read(b"", [answer[:at], answer[at:]]) == events, f"split at {at}"


@each_case
def test_byte_by_byte_gives_the_same_events(case: Case) -> None:
    answer = case.answer
    assert read(b"", [answer[i : i + 1] for i in range(len(answer))]) == case.events


@given(st.data())
@settings(max_examples=times(300))
def test_any_split_gives_the_same_events(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    answer = case.answer
    cuts = sorted(data.draw(st.sets(st.integers(0, len(answer)), max_size=40)) | {0, len(answer)})
    pieces = [answer[a:b] for a, b in pairwise(cuts)]
    assert read(b"", pieces) == case.events


@given(st.data())
@settings(max_examples=times(6000, 30))
def test_damaged_answers_give_events_or_a_protocol_error(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    body = bytearray(case.answer)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body)))
        body[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5) | st.sampled_from(TOKENS))
    last = read(bytes(body))[-1]
    assert last.keys() & {"error", "finished"}, "an answer ends in Finished or in one of our errors"


HOSTILE = [
    ('"inlineData":{"d\\u0061ta":"!","x\\"data":"QUJD"}', "a key that only ends like the picture's"),
    ('"text":"\\"data\\":\\"QUJD\\"","thoughtSignature":"!"', "a picture's key in a text"),
    ('"functionCall":{"name":"f","args":{"data":"QUJD","inlineData":{"data":"!"}}}', "a picture's key in arguments"),
]


@pytest.mark.parametrize("part", [part for part, _ in HOSTILE], ids=[why for _, why in HOSTILE])
def test_what_only_looks_like_a_picture_is_none(part: str) -> None:
    body = f'{{"candidates":[{{"content":{{"parts":[{{{part}}}]}},"finishReason":"STOP"}}]}}'.encode()
    whole = read(body)
    assert not any("image_chunk" in event for event in whole)
    for at in range(len(body) + 1):
        assert read(b"", [body[:at], body[at:]]) == whole, f"split at {at}"


ODD_VALUES = [
    '{"a":' + "9" * 400 + "}",
    '{"a":1e400}',
    '{"a":' + "[" * 200 + "]" * 200 + "}",
    '{"a":' + '{"b":' * 3000 + "1" + "}" * 3000 + "}",
    '{"a":"\\ud800"}',
    "[]",
    "9" * 30,
    "-1",
    "true",
    "null",
]


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: value[:20])
@pytest.mark.parametrize("place", ["args", "groundingMetadata", "promptTokenCount", "tokenCount", "index"])
def test_an_odd_value_does_not_cost_the_answer(place: str, value: str) -> None:
    candidate = {
        "args": f'{{"content":{{"parts":[{{"functionCall":{{"name":"f","args":{value}}}}}]}},"finishReason":"STOP"}}',
        "index": f'{{"finishReason":"STOP","index":{value}}}',
        "groundingMetadata": f'{{"finishReason":"STOP","groundingMetadata":{value}}}',
    }.get(place, '{"finishReason":"STOP"}')
    count = value if place == "promptTokenCount" else "1"
    tokens = value if place == "tokenCount" else "1"
    usage = f'{{"promptTokenCount":{count},"candidatesTokensDetails":[{{"modality":"IMAGE","tokenCount":{tokens}}}]}}'
    last = read(f'{{"candidates":[{candidate}],"usageMetadata":{usage}}}'.encode())[-1]
    assert "finished" in last


@each_whole_case
def test_a_cut_answer_never_ends_well(case: Case) -> None:
    body = case.answer.rstrip() if not case.sse else case.answer
    # Behind a whole event, once the model has said that it is done, only HTTP's own framing can tell a cut.
    free: set[int] = set()
    if case.sse:
        for line in re.finditer(rb"data: .*?(\r?\n)+(:.*?(\r?\n)+)*", body):
            end = line.start() + len(line[0].partition(b"\n")[0].rstrip(b"\r"))
            if b"finishReason" in body[:end] or b"blockReason" in body[:end]:
                free.update(range(end, line.end() + 1))
    first = max(body.find(b"{"), body.rfind(b"{", 0, max(0, body.find(b'"candidates"'))))
    for at in range(len(body)):
        told = read(body[:at])[-1].get("error", {}).get("reason")
        # Of what breaks off in front of its first candidate nobody can tell whether it would have been an answer.
        front = {"UPSTREAM_MALFORMED"} if at <= first else set()
        due = {None} if at in free else front | {"UPSTREAM_CUT"}
        assert told in due, f"cut at {at} of {len(body)}"
