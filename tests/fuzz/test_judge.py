"""What holds answers against the truth sees each kind of fault: planted here, one at a time."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.fuzz import judge_rest
from tests.fuzz.answer import build
from tests.fuzz.judge import judge
from tests.fuzz.plan import ANY, Expected, PartPlan, Plan, Truth
from tests.fuzz.reading import read
from tests.fuzz.rest_seen import RestSeen
from tests.fuzz.seen import Seen

ANSWER = build(
    Plan(
        "5",
        (
            PartPlan(0, "text"),
            PartPlan(1, "picture", 300, ("signed", "unknown-picture")),
            PartPlan(2, "text", quirks=("thought",)),
            PartPlan(3, "picture", 400, ("thought",)),
            PartPlan(4, "native", quirks=("invented",)),
            PartPlan(5, "media", 200),
            PartPlan(6, "call"),
            PartPlan(7, "picture", 500, ("text-beside",)),
        ),
        framing="object",
    )
)
Fault = Callable[[list[Expected]], object]


def _set(at: int, **values: object) -> Fault:
    def fault(parts: list[Expected]) -> None:
        for name, value in values.items():
            setattr(parts[at], name, value)

    return fault


def _swap(parts: list[Expected]) -> None:
    parts[1], parts[3] = parts[3], parts[1]


FAULTS: dict[str, tuple[Fault, str]] = {
    "a picture is missing": (lambda parts: parts.pop(1), "file lost"),
    "media are missing": (lambda parts: parts.pop(5), "file lost"),
    "a byte is another one": (_set(1, value=b"\x89PNG"), "file altered or invented"),
    "two pictures change places": (_swap, "order changed"),
    "a picture is served as media": (_set(1, kind="media"), "parts differ"),
    "a text is shorter": (_set(0, value="x"), "text"),
    "a text is missing": (lambda parts: parts.pop(0), "parts differ"),
    "a signature is missing": (_set(1, signature=b""), "signature"),
    "a signature is on another part": (_set(7, signature=b"x"), "signature"),
    "a draft is no draft": (_set(3, thought=False), "thought"),
    "a native part has another value": (_set(4, value={}), "native part differs"),
    "a native part is missing": (lambda parts: parts.pop(4), "parts differ"),
    "a call has other arguments": (_set(6, value={}), "call"),
    "a field beside a picture is missing": (_set(1, fields={}), "field beside picture lost"),
    "a media type is another one": (_set(1, mime="image/gif"), "media type"),
    "a text beside a picture is missing": (lambda parts: parts.pop(), "text beside a content lost"),
}


def _seen() -> Seen:
    seen = read(ANSWER)
    assert not judge(copy.deepcopy(ANSWER.truth), copy.deepcopy(seen))
    return seen


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str) -> None:
    fault, kind = FAULTS[name]
    seen = _seen()
    fault(seen.candidates[0])
    assert kind in {finding.kind for finding in judge(copy.deepcopy(ANSWER.truth), seen)}


def test_an_error_on_a_whole_answer_and_none_on_a_cut_one_are_found() -> None:
    assert [finding.kind for finding in judge(ANSWER.truth, Seen(error="x"))] == ["error on a whole answer"]
    cut = replace(copy.deepcopy(ANSWER.truth), outcome="error", reason="UPSTREAM_CUT")
    assert [finding.kind for finding in judge(cut, _seen())] == ["cut passed as whole"]
    assert judge(cut, Seen(error="UPSTREAM_CUT: x")) == []
    assert [finding.kind for finding in judge(cut, Seen(error="INTERNAL: x"))] == ["another reason"]
    for of_rest in (judge_rest.images, judge_rest.response):
        assert of_rest(cut, RestSeen(error="UPSTREAM_CUT: x")) == []
        assert [finding.kind for finding in of_rest(cut, RestSeen(error="INTERNAL: x"))] == ["another reason"]


@pytest.mark.parametrize("stream", [False, True])
def test_faults_over_rest_are_found(stream: bool) -> None:
    parts = ANSWER.truth.candidates[0]
    pictures = [(part.value, part.thought) for part in parts if part.kind == "picture"]
    seen = [RestSeen(pictures=pictures[::-1], whole={})]
    kinds = {finding.kind for finding in judge_rest.chat(ANSWER.truth, seen, stream=stream)}
    assert {"order changed", "final picture", "text", "thoughts", "call", "signature", "finish reason"} <= kinds
    assert {"media lost", "native part lost", "text beside a content lost"} <= kinds
    found = judge_rest.images(ANSWER.truth, RestSeen(pictures=pictures[:1]), drafts=1)
    assert {finding.kind for finding in found} == {"file lost", "draft lost"}


def test_faults_over_rest_are_found_where_a_picture_may_be_a_draft() -> None:
    parts = [Expected("picture", bytes([at]), thought=thought) for at, thought in enumerate((False, ANY, False))]
    truth = Truth("whole", {0: [*parts, Expected("picture-elsewhere", "gs://b/o")]}, {0: ANY})
    whole = [(data, False) for data in (b"\x00", b"\x02", b"gs://b/o")]

    def images(pictures: list[tuple[bytes, bool]]) -> set[str]:
        return {finding.kind for finding in judge_rest.images(truth, RestSeen(pictures=pictures))}

    def response(pictures: list[tuple[bytes, bool]], drafts: list[tuple[bytes, bool]]) -> set[str]:
        seen = RestSeen(pictures=pictures, drafts=drafts, whole={}, native="")
        return {finding.kind for finding in judge_rest.response(truth, seen)}

    assert (images(whole), response(whole, [(b"\x01", True)])) == (set(), set())
    assert images(whole[:-1]) == response(whole, []) == {"file lost"}
    assert images(whole[::-1]) == response(whole[::-1], [(b"\x01", True)]) == {"order changed"}
    assert images([*whole, (b"other", False)]) == {"file altered or invented"}
