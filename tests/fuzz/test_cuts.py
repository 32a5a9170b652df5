"""Every cut within a document, and every damage to a picture's base64, is an error."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

from tests.fuzz.answer import Answer, build
from tests.fuzz.framing import FRAMINGS
from tests.fuzz.invent import invent
from tests.fuzz.judge import judge
from tests.fuzz.plan import Expected, PartPlan, Plan, Truth
from tests.fuzz.reading import read


def _small(framing: str) -> Iterator[Answer]:
    """Small answers with a picture, which come in pieces of any size."""
    for seed in range(10_000):
        plan = invent(seed)
        if plan.framing != framing or plan.damage or not any(part.kind == "picture" for part in plan.parts):
            continue
        answer = build(replace(plan, parts=tuple(replace(part, size=70) for part in plan.parts)))
        if len(answer.body) < 1200:
            yield answer


@pytest.mark.parametrize("framing", FRAMINGS)
def test_every_cut_within_a_document_is_an_error(framing: str) -> None:
    answers = list(islice(_small(framing), 2))
    assert len(answers) == 2
    for answer in answers:
        truth = replace(answer.truth, outcome="error", reason="UPSTREAM_CUT")
        for start, end in answer.spans:
            for at in range(start + 1, end):
                found = judge(truth, read(replace(answer, body=answer.body[:at])))
                assert not found, f"make fuzz WHAT=answers SEED={answer.plan.seed} COUNT=1, cut at {at}: {found}"


_PLAN = Plan("0", (PartPlan(0, "picture", 70),), framing="object")
_FRONT = b'{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"'
_BEHIND = b'"}}]},"finishReason":"STOP"}]}'
_BAD = (
    b"!",
    b"*",
    b".",
    b"%",
    b"\x01",
    b"\\u0000",
    b"\\x41",
    b"\\u00g0",
    b"\\",
    b"\xc3\xa9",
    b"\xff",
    b"==A",
    b"\\u003d\\u003dA",
)
_FILE = b"\x89PNG\r\n\x1a\n" + bytes(range(25))


@pytest.mark.parametrize("pieces", ["whole", "bytes"])
@pytest.mark.parametrize("bad", _BAD)
def test_every_damage_to_a_picture_is_an_error(bad: bytes, pieces: str) -> None:
    text = base64.b64encode(_FILE)
    truth = Truth("error", {0: [Expected("picture", _FILE)]}, reason="UPSTREAM_MALFORMED")
    for at in range(len(text)):
        for damaged in (text[:at] + bad + text[at:], text[:at] + bad + text[at + 1 :]):
            answer = Answer(replace(_PLAN, pieces=pieces), _FRONT + damaged + _BEHIND, truth, ())
            assert not judge(truth, read(answer)), damaged


@pytest.mark.parametrize("length", range(1, 40))
def test_a_picture_of_an_impossible_length_is_an_error(length: int) -> None:
    text = base64.b64encode(_FILE)[:length]
    answer = Answer(_PLAN, _FRONT + text + _BEHIND, Truth("error"), ())
    seen = read(answer)
    if length % 4 == 1:
        assert seen.error
    else:  # unpadded base64 is base64: nobody can tell that more was meant
        [[picture]] = seen.candidates.values()
        assert picture.value == base64.b64decode(text + b"=" * (-length % 4))
