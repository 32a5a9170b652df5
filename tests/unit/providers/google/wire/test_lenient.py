"""Answers with odd fields: nothing of them costs the picture beside them, and nothing is passed over in silence."""

import base64
import json
from typing import Any

import pytest

from tests.golden.cases import read
from tests.unit.providers.google.wire.odd_answers import (
    B64,
    PICTURE,
    PNG,
    SIGNATURE,
    answer,
    candidate,
    events,
    text,
    told,
)

PARTS = "candidates[*].content.parts[*]"
U4: dict[str, tuple[bytes, list[str]]] = {
    "nulls": (
        text(
            {
                "candidates": [
                    {
                        "content": {"parts": [{**PICTURE, "text": None, "thought": None}], "role": None},
                        "finishReason": "STOP",
                        "index": None,
                        "safetyRatings": None,
                        "groundingMetadata": None,
                    }
                ],
                "promptFeedback": None,
                "usageMetadata": None,
                "modelVersion": None,
                "error": None,
            }
        ),
        ["picture", "STOP"],
    ),
    "null lists": (
        events({"candidates": None}, {"candidates": [{"content": None}]}, answer(PICTURE)),
        ["picture", "STOP"],
    ),
    "url-safe signature": (
        text(answer({**PICTURE, "thoughtSignature": base64.urlsafe_b64encode(b"\xff\xfe\xfd\xfc").decode()[:-2]})),
        ["picture signed", "STOP"],
    ),
    "broken signature": (
        text(answer({**PICTURE, "thoughtSignature": "!"})),
        ["picture", "STOP", f"omitted {PARTS}.thoughtSignature"],
    ),
    "url-safe picture": (
        text(answer(PICTURE)).replace(B64.encode(), base64.urlsafe_b64encode(PNG).rstrip(b"=")),
        ["picture", "STOP"],
    ),
    "escaped picture": (
        text(answer(PICTURE)).replace(B64.encode(), B64.replace("/", "\\/").replace("=", "\\u003d").encode()),
        ["picture", "STOP"],
    ),
    "snake case": (
        text(
            {
                "candidates": [
                    {
                        "content": {
                            "parts": [
                                {"inline_data": {"mime_type": "image/png", "data": B64}, "thought_signature": SIGNATURE}
                            ]
                        },
                        "finish_reason": "stop",
                    }
                ],
                "usage_metadata": {"total_token_count": "5"},
            }
        ),
        ["picture signed", "STOP"],
    ),
    "counts that are none": (
        text({**answer(PICTURE), "usageMetadata": {"promptTokenCount": -1, "totalTokenCount": 1e300}}),
        ["picture", "STOP", "omitted usageMetadata.promptTokenCount", "omitted usageMetadata.totalTokenCount"],
    ),
    "half a surrogate pair": (
        text(answer({"text": "a?b"}, PICTURE)).replace(b"?", b"\\ud800"),
        ["text a\N{REPLACEMENT CHARACTER}b", "picture", "STOP"],
    ),
    "no UTF-8": (
        text(answer({"text": "a?b"}, PICTURE)).replace(b"?", b"\xff"),
        ["text a\N{REPLACEMENT CHARACTER}b", "picture", "STOP"],
    ),
    "deep arguments": (
        text(answer({"functionCall": {"name": "f", "args": json.loads('{"a": ' * 40 + "1" + "}" * 40)}}, PICTURE)),
        ["call f " + '{"a": ' * 40 + "1" + "}" * 40, "picture", "STOP"],
    ),
    "large numbers": (
        text(answer({"functionCall": {"name": "f", "args": {"a": 2**53 + 1}}}, PICTURE)),
        [f'call f {{"a": {2**53 + 1}}}', "picture", "STOP"],
    ),
    "endless nesting": (
        text(answer({"text": "a", "odd": "?"}, PICTURE)).replace(b'"?"', b"[" * 5000 + b"]" * 5000),
        ["text a", "picture", "STOP", f"omitted {PARTS}.odd"],
    ),
    "not a number": (
        text(answer({**PICTURE, "score": float("nan")})),
        ["picture", "STOP", f"omitted {PARTS}.score"],
    ),
    "an empty picture beside one": (
        text(answer({"inlineData": {"mimeType": "image/png", "data": ""}}, PICTURE)),
        ["picture", "STOP", f"omitted {PARTS}.inlineData"],
    ),
    "text beside a picture": (
        text(answer({"text": "a", **PICTURE, "thoughtSignature": SIGNATURE})),
        ["text a", "picture signed", "STOP"],
    ),
    "text behind a picture in its part": (text(answer({**PICTURE, "text": "a"})), ["picture", "text a", "STOP"]),
    "fields beside a picture": (
        text(answer({**PICTURE, "mediaResolution": {"level": "X"}, "next": 1})),
        ['picture mediaResolution={"level": "X"} next=1', "STOP"],
    ),
    "one object for each list": (
        text(
            {"candidates": {"content": {"parts": PICTURE}, "finishReason": "STOP", "safetyRatings": {"category": "A"}}}
        ),
        ["picture", "STOP"],
    ),
    "values of other types": (
        text(
            {
                "candidates": [candidate(PICTURE, safetyRatings="none", citationMetadata=[1], index="0")],
                "usageMetadata": [],
                "promptFeedback": "none",
                "modelVersion": 3,
            }
        ),
        [
            "picture",
            "STOP",
            "omitted candidates[*].safetyRatings[*]",
            "omitted usageMetadata",
            "omitted promptFeedback",
            "omitted modelVersion",
        ],
    ),
    "trailing comma": (
        text(answer(PICTURE))[:-1] + b',"usageMetadata":{"promptTokenCount":1,},}',
        ["picture", "STOP"],
    ),
    "lists in lists": (
        text({"candidates": [[{"content": [{"parts": [[PICTURE], {"text": "a"}]}], "finishReason": "STOP"}]]}),
        ["picture", "text a", "STOP"],
    ),
    "parts that are none": (
        text(answer("a", 5, True, None, PICTURE)),
        ["picture", "STOP", "omitted candidates[*].content.parts"],
    ),
    "content that is none": (
        text({"candidates": ["a", {"content": "b", "finishReason": "STOP"}, candidate(PICTURE)]}),
        ["picture", "STOP", "STOP", "omitted candidates[*].content", "omitted candidates"],
    ),
    "an index that no int32 holds": (
        text({"candidates": [{"index": 2**31, **candidate(PICTURE)}]}),
        ["picture", "STOP", "omitted candidates[*].index"],
    ),
    "ratings": (
        text(
            answer(
                PICTURE,
                safetyRatings=[
                    {"category": "A", "blocked": "true", "probabilityScore": "0.5", "severityScore": "NaN", "x": 1},
                    5,
                ],
            )
        ),
        [
            "picture",
            "STOP",
            "omitted candidates[*].safetyRatings[*].severityScore",
            "omitted candidates[*].safetyRatings[*].x",
            "omitted candidates[*].safetyRatings[*]",
        ],
    ),
    "members of a blob and of the model's status": (
        text(
            {
                **answer({"inlineData": {**PICTURE["inlineData"], "next": 1, "displayName": "x" * 257}}),
                "modelStatus": {"modelStage": "STABLE", "next": 1},
            }
        ),
        [
            "picture",
            "STOP",
            f"omitted {PARTS}.inlineData.displayName",
            f"omitted {PARTS}.inlineData.next",
            "omitted modelStatus.next",
        ],
    ),
    "other media that is no text": (
        text(answer({"inlineData": {"mimeType": "audio/wav", "data": 5}}, PICTURE)),
        ["picture", "STOP", f"omitted {PARTS}.inlineData"],
    ),
    "other media that is no base64": (
        text(answer({"inlineData": {"mimeType": "audio/wav", "data": "!!!!"}}, PICTURE)),
        ["picture", "STOP", f"omitted {PARTS}.inlineData"],
    ),
    "a null in the other spelling": (
        text(answer({**PICTURE, "thoughtSignature": SIGNATURE, "thought_signature": None})),
        ["picture signed", "STOP"],
    ),
    "a line break in a text": (
        text(answer({"text": "a?b"}, PICTURE)).replace(b"?", b"\n"),
        ["text a\nb", "picture", "STOP"],
    ),
    "many fields": (
        text({**{f"next{i}": i for i in range(3000)}, **answer(PICTURE)}),
        ["picture", "STOP", "omitted *"],
    ),
    "a key twice": (
        text(answer(PICTURE)).replace(b'"inlineData"', b'"inlineData": {"data":"' + B64.encode() + b'"}, "inlineData"'),
        ["picture", "picture", "STOP"],
    ),
}


@pytest.mark.parametrize("name", U4)
def test_u4_odd_side_fields(name: str) -> None:
    body, expected = U4[name]
    assert told(body) == expected


U6 = [
    (["STOP", "IMAGE_SAFETY"], "IMAGE_SAFETY"),
    (["FINISH_REASON_UNSPECIFIED", "STOP"], "STOP"),
    (["STOP", None, ""], "STOP"),
]


@pytest.mark.parametrize(("reasons", "last"), U6)
def test_u6_the_last_specified_finish_reason_counts(reasons: list[str | None], last: str) -> None:
    first, *others = reasons
    documents = [answer(PICTURE, finish=first), *(answer(finish=reason) for reason in others)]
    assert told(events(*documents)) == ["picture", last]
    assert told(text(documents)) == ["picture", last]


@pytest.mark.parametrize("odd", [{}, {"next": 1}], ids=["usual", "odd"])
def test_a_continuation_token_is_the_candidates(odd: dict[str, Any]) -> None:
    token = base64.b64encode(b"token").decode()
    for body in (events, text):
        made = read(body(answer({"text": "a"}, finish="CONTINUATION", continuationToken=token, **odd)))
        assert made[-1]["finished"]["continuation_token"] == token


def test_ratings_with_their_severity() -> None:
    given = {"category": "A", "severity": "HARM_SEVERITY_LOW", "severityScore": 0.5, "probabilityScore": "0.25"}
    for odd in ({}, {"next": 1}):
        made = read(text(answer(PICTURE, safetyRatings=[{**given, **odd}])))
        (rating,) = made[-2]["candidate_finished"]["safety_ratings"]
        assert rating == {
            "category": "A",
            "severity": "HARM_SEVERITY_LOW",
            "severity_score": 0.5,
            "probability_score": 0.25,
        }
