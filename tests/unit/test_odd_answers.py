"""Answers that are odd beside their pictures, by kind: every picture arrives, and nothing is passed over in silence.

Each body is read whole, byte by byte and in thirds; all must give the same.
"""

import base64
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.dialects.gemini import Reader
from tests.golden.cases import read

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\4\0\0\0\3" + bytes(range(200, 256))
WAV = b"RIFF\0\0\0\0WAVEfmt " + bytes(64)
B64 = base64.b64encode(PNG).decode()
PICTURE: dict[str, Any] = {"inlineData": {"mimeType": "image/png", "data": B64}}
SIGNATURE = base64.b64encode(b"signature").decode()


def candidate(*parts: Any, finish: str | None = "STOP", **fields: Any) -> dict[str, Any]:
    ends = {} if finish is None else {"finishReason": finish}
    return {"content": {"parts": list(parts), "role": "model"}, **ends, **fields}


def answer(*parts: Any, finish: str | None = "STOP", **fields: Any) -> dict[str, Any]:
    return {"candidates": [candidate(*parts, finish=finish, **fields)]}


def events(*documents: Any) -> bytes:
    return b"".join(b"data: " + text(document) + b"\r\n\r\n" for document in documents)


def text(document: Any) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def told(body: bytes) -> list[str]:
    """What an answer's events say, a word each: texts, pictures that are whole and unaltered, and all else."""
    whole = words(read(body))
    for size in (1, max(1, len(body) // 3)):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        assert words(read(b"", pieces)) == whole, f"in pieces of {size}"
    return whole


def words(made: Iterable[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    texts: dict[tuple[int, int], str] = {}
    data: dict[tuple[int, int], bytes] = {}
    for event in made:
        kind, value = next((kind, value) for kind, value in event.items() if kind != "sequence")
        key = (value.get("candidate_index", 0), value.get("part_index", 0))
        if kind == "text_delta":
            texts[key] = texts.get(key, "") + value["text"]
        elif kind in {"image_chunk", "media_chunk"}:
            data[key] = data.get(key, b"") + base64.b64decode(value["data"])
        elif kind == "part_finished":
            found.append(_part(value, texts.get(key), data.get(key)))
        elif kind == "candidate_finished":
            found.append(value.get("native_finish_reason", "no reason"))
        elif kind == "error":
            found.append(f"error {value['reason']}")
        elif kind == "finished":
            found += [f"omitted {path}" for path in value.get("omitted_fields", ())]
    return found


def _part(value: dict[str, Any], said: str | None, data: bytes | None) -> str:
    signed = " signed" if "thought_signature" in value else ""
    draft = "draft " if value.get("thought") else ""
    beside = "".join(f" {name}={json_text}" for name, json_text in sorted(value.get("native_fields", {}).items()))
    if "image" in value:
        image = value["image"]
        what = f"picture at {image['uri']}" if "uri" in image else "picture" if data == PNG else "another picture"
    elif "media" in value:
        media = value["media"]
        what = media["mime_type"] + (f" at {media['uri']}" if "uri" in media else "" if data else " without bytes")
    elif "native" in value:
        what = f"{value['native']['kind']}={value['native']['value_json']}"
    elif "function_call" in value:
        call = value["function_call"]
        what = f"call {call.get('name', '')} {call.get('args_json') or json.dumps(call.get('args', {}))}"
    else:
        what = f"text {said or ''}"
    return draft + what + signed + beside


U1 = {
    "array": text([answer({"text": "Here"}, finish=None), answer({"text": ": "}, finish=None), answer(PICTURE)]),
    "array in an event": events([answer({"text": "Here: "}, finish=None), answer(PICTURE)]),
    "arrays in events": events([answer({"text": "Here"}, finish=None)], [answer({"text": ": "}), answer(PICTURE)]),
    "array in an array": text([[answer({"text": "Here: "}, finish=None)], [answer(PICTURE)]]),
    "one after another": text(answer({"text": "Here: "}, finish=None)) + b"\n" + text(answer(PICTURE)) + b"\n",
    "pretty array": json.dumps([answer({"text": "Here: "}, finish=None), answer(PICTURE)], indent=2).encode(),
}


@pytest.mark.parametrize("body", U1.values(), ids=U1)
def test_u1_a_stream_that_a_proxy_turned_into_an_array(body: bytes) -> None:
    assert told(body) == ["text Here: ", "picture", "STOP"]


def test_u1_an_array_that_breaks_off_is_cut() -> None:
    body = text([answer({"text": "Here"}), answer(PICTURE)])
    for at in range(1, len(body)):
        assert words(read(body[:at]))[-1] in {"error UPSTREAM_CUT", "error UPSTREAM_MALFORMED"}, f"cut at {at}"


NATIVE = [
    ({"executableCode": {"language": "PYTHON", "code": "1"}}, 'executableCode={"language": "PYTHON", "code": "1"}'),
    ({"codeExecutionResult": {"outcome": "OUTCOME_OK"}}, 'codeExecutionResult={"outcome": "OUTCOME_OK"}'),
    ({"toolCall": {"id": 2**60}}, f'toolCall={{"id": {2**60}}}'),
    ({"toolResponse": {}}, "toolResponse={}"),
    ({"functionResponse": {"name": "f"}}, 'functionResponse={"name": "f"}'),
    ({"executable_code": {"code": ""}}, 'executableCode={"code": ""}'),
    ({"videoMetadata": {"fps": 1.50}}, 'videoMetadata={"fps": 1.5}'),
    ({"kindOfNextYear": [1, "\ud800"]}, 'kindOfNextYear=[1, "\\ud800"]'),
    ({"kindOfNextYear": 1, "partMetadata": {"a": 1}}, 'kindOfNextYear=1 partMetadata={"a": 1}'),
    ({"partMetadata": {"a": 1}, "kindOfNextYear": 1}, 'kindOfNextYear=1 partMetadata={"a": 1}'),
    ({"functionCall": {"name": "f", "partialArgs": []}}, 'functionCall={"name": "f", "partialArgs": []}'),
    ({"functionCall": {"name": ""}}, 'functionCall={"name": ""}'),
    ({"functionCall": {"name": "f" * 129}}, f'functionCall={{"name": "{"f" * 129}"}}'),
    ({"functionCall": {"name": "f", "args": [1]}}, 'functionCall={"name": "f", "args": [1]}'),
    ({"fileData": {"fileUri": "files/abc"}}, 'fileData={"fileUri": "files/abc"}'),
    ({"fileData": {"uri": "gs://b/o"}}, 'fileData={"uri": "gs://b/o"}'),
    ({"fileData": {"fileUri": "gs://b/o.png", "mimeType": "image/png"}}, "picture at gs://b/o.png"),
    ({"fileData": {"fileUri": "gs://b/o.jpg"}}, "picture at gs://b/o.jpg"),
    ({"fileData": {"fileUri": "gs://b/o", "mimeType": "video/mp4"}}, "video/mp4 at gs://b/o"),
]


@pytest.mark.parametrize(("part", "words"), NATIVE, ids=[words for _, words in NATIVE])
def test_u2_a_part_of_a_kind_that_the_contract_lacks(part: dict[str, Any], words: str) -> None:
    assert told(text(answer({"text": "a"}, part, PICTURE))) == ["text a", words, "picture", "STOP"]
    assert told(events(answer(part, finish=None), answer(PICTURE))) == [words, "picture", "STOP"]


@pytest.mark.parametrize("part", [{}, {"thought": True}, {"text": ""}, {"text": None, "inlineData": None}])
def test_u2_an_empty_part_is_none(part: dict[str, Any]) -> None:
    assert told(text(answer(part, PICTURE))) == ["picture", "STOP"]


def test_u3_a_signature_stays_with_its_part() -> None:
    signed = {"toolCall": {"a": 1}, "thoughtSignature": SIGNATURE}
    assert told(text(answer({"text": "a"}, signed, {"text": "b"}, PICTURE))) == [
        "text a",
        'toolCall={"a": 1} signed',
        "text b",
        "picture",
        "STOP",
    ]
    assert told(text(answer({**PICTURE, "thoughtSignature": SIGNATURE}))) == ["picture signed", "STOP"]
    assert told(text(answer(PICTURE, {"thoughtSignature": SIGNATURE}))) == ["picture", "text  signed", "STOP"]
    blob_first = text(answer(PICTURE)).replace(b'"data":', b'"data" :')
    assert told(blob_first) == ["picture", "STOP"]


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


WHOLE = events(answer({"text": "a"}, finish=None), answer(PICTURE))
U5 = {
    "done marker": WHOLE + b"data: [DONE]\n\n",
    "done marker without its empty line": WHOLE + b"data: [DONE]",
    "byte order mark": b"\xef\xbb\xbf" + WHOLE,
    "byte order mark before JSON": b"\xef\xbb\xbf" + text(answer({"text": "a"}, PICTURE)),
    "blank lines first": b"\r\n\r\n" + WHOLE,
    "no last empty line": WHOLE.rstrip(),
    "no last line end but one": WHOLE[:-2],
    "empty events": b"data:\n\n" + WHOLE + b"data: \n\ndata:\n\n",
    "comments and other fields": b": hello\n\nevent: x\nid: 1\nretry: 5\n" + WHOLE + b":bye\n",
    "no blank behind the colon": WHOLE.replace(b"data: {", b"data:{"),
    "LF": WHOLE.replace(b"\r\n", b"\n"),
    "CR": WHOLE.replace(b"\r\n", b"\r"),
    "values that are no answers": b'null"ping"7'
    + text([answer({"text": "a"}, finish=None), answer(PICTURE)])
    + b"true",
    "events that are no answers": b"data: ping\n\ndata: null\n\n" + WHOLE + b'data: "bye"\n\n',
}


@pytest.mark.parametrize("body", U5.values(), ids=U5)
def test_u5_framing(body: bytes) -> None:
    assert told(body) == ["text a", "picture", "STOP"]


def test_u5_a_done_marker_ends_an_answer_that_has_no_reason() -> None:
    body = events(answer(PICTURE, finish=None))
    assert told(body + b"data: [DONE]\n\n") == ["picture", "no reason"]
    assert told(body) == ["picture", "error UPSTREAM_CUT"]


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


def test_u6_unspecified_ends_no_stream() -> None:
    body = events(answer(PICTURE, finish="FINISH_REASON_UNSPECIFIED"))
    assert told(body) == ["picture", "error UPSTREAM_CUT"]


def test_u6_unspecified_is_told_where_the_json_itself_says_that_it_is_whole() -> None:
    assert told(text(answer(PICTURE, finish="FINISH_REASON_UNSPECIFIED"))) == ["picture", "FINISH_REASON_UNSPECIFIED"]


@pytest.mark.parametrize(
    "said", ['image/png","x":"y', "image/png\\", "image/png\n", "IMAGE/PNG", "image/png; q=1", "", "?"]
)
@pytest.mark.parametrize("order", [1, -1])
def test_u9_a_media_type_is_one_or_is_read_from_the_file(said: str, order: int) -> None:
    blob = dict(list({"mimeType": said, "data": B64}.items())[::order])
    (part,) = [event["part_finished"] for event in read(text(answer({"inlineData": blob}))) if "part_finished" in event]
    assert part["image"]["mime_type"] == "image/png"


MEDIA: list[tuple[str, bytes, str]] = [
    ("audio/wav", WAV, "audio/wav"),
    ("audio/L16;codec=pcm;rate=24000", bytes(64), "audio/l16;codec=pcm;rate=24000"),
    ("application/pdf", b"%PDF-1.7", "application/pdf"),
    ("", WAV, "application/octet-stream"),
    ("application/octet-stream", bytes(3), "application/octet-stream"),
]


@pytest.mark.parametrize(("said", "data", "kept"), MEDIA)
@pytest.mark.parametrize("order", [1, -1])
def test_u11_other_media_is_no_picture_and_not_lost(said: str, data: bytes, kept: str, order: int) -> None:
    blob = dict(list({"mimeType": said, "data": base64.b64encode(data).decode()}.items())[::order])
    made = read(text(answer(PICTURE, {"inlineData": blob})))
    assert words(made) == ["picture", kept, "STOP"]
    (part,) = [event["part_finished"] for event in made if "media" in event.get("part_finished", {})]
    assert part["media"]["size_bytes"] == str(len(data))
    chunks = [event["media_chunk"]["data"] for event in made if "media_chunk" in event]
    assert base64.b64decode("".join(chunks)) == data


def test_u13_candidates_in_turns_and_out_of_order() -> None:
    parts = [answer({"text": str(i)}, finish=None, index=i % 2) for i in range(4)]
    ends = [answer(finish="STOP", index=i) for i in (1, 0)]
    assert told(events(*parts, *ends)) == ["text 02", "STOP", "text 13", "STOP"]
    first = {"index": 1, **candidate(PICTURE)}
    assert told(text({"candidates": [first, {"index": 0, **candidate({"text": "a"})}]})) == [
        "picture",
        "text a",
        "STOP",
        "STOP",
    ]
    # A number that comes behind its picture is heeded where there is one candidate.
    late = events(answer({"text": "a"}, index=1, finish=None), answer(PICTURE, index=1))
    assert told(late) == ["text a", "picture", "STOP"]
    assert told(events(answer(PICTURE, index=7))) == ["picture", "STOP"]
    # Where there are several it comes too late; the picture is not lost.
    several = text({"candidates": [candidate(PICTURE, index=1), candidate({"text": "a"}, index=0)]})
    assert told(several) == ["picture", "text a", "STOP"]


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


def test_an_error_behind_the_end_costs_nothing() -> None:
    error = {"error": {"code": 500, "status": "INTERNAL", "message": "x"}}
    assert told(events(answer(PICTURE), error)) == ["picture", "STOP", "omitted error"]
    assert told(events(answer(PICTURE, finish=None), error)) == ["picture", "error UPSTREAM_INTERNAL"]
    assert told(events(answer(PICTURE, finish=None), {"error": "text"}))[-1].startswith("error ")


CORRUPT = [B64[:-2] + "!=", B64[:40] + "\\\\" + B64[40:], B64[:41], "QQ==" + B64, "\\u00zz"]


@pytest.mark.parametrize("data", CORRUPT)
def test_a_corrupt_picture_is_an_error(data: str) -> None:
    body = text(answer(PICTURE)).replace(B64.encode(), data.encode())
    assert told(body)[-1] in {"error UPSTREAM_MALFORMED", "error UPSTREAM_CUT"}


def test_a_damaged_picture_does_not_cost_the_whole_one_behind_it() -> None:
    for broken in ({"mimeType": "image/png", "data": "!!!!"}, {"mimeType": "image/png", "data": 5}):
        parts = [{"thought": True, "inlineData": broken}, PICTURE]
        assert told(text(answer(*parts))) == ["picture", "error UPSTREAM_MALFORMED"]
        assert told(text(answer(*parts[::-1]))) == ["picture", "error UPSTREAM_MALFORMED"]


@pytest.mark.parametrize("data", ["5", "true", f'["{B64}"]', f'{{"a":"{B64}"}}'])
def test_a_picture_that_is_no_text_is_an_error(data: str) -> None:
    body = text(answer(PICTURE)).replace(f'"{B64}"'.encode(), data.encode())
    assert told(body)[-1] == "error UPSTREAM_MALFORMED"


HOSTILE: list[Callable[[int], bytes]] = [
    lambda n: b'{"data"' + b" " * n + b"}",
    lambda n: b":\n" * (n // 2),
    lambda n: b":\r" * (n // 2),
    lambda n: b"data: {" + b"\rdata: " * (n // 7),
    lambda n: b"[" * n,
    lambda n: b'{"a":"' + b"\\\\" * (n // 2) + b'"}',
    lambda n: b'{"a":"' + b'\\"' * (n // 2),
    lambda n: b'{"candidates":[{"content":{"parts":[' + b'{"text":"a"},' * (n // 13),
    lambda n: b'{"candidates":[' + b'{"index":0},' * (n // 12),
    lambda n: b"[" + b"{}," * (n // 3),
    lambda n: b"data:\n\n" * (n // 7),
    lambda n: b"event: " + b"x" * n,
]


def _steps(body: bytes) -> int:
    """How many calls reading takes, by Python's own count."""
    count = 0

    def step(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    reader, events = Reader(max_frame_bytes=1 << 18), list[pb.Event]()
    sys.setprofile(step)
    try:
        for at in range(0, len(body), 4096):
            reader.feed(body[at : at + 4096], events)
        reader.close(events)
    except Error:
        pass
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("body", HOSTILE)
def test_u12_reading_is_linear_in_the_bytes(body: Callable[[int], bytes]) -> None:
    small, large = (_steps(body(size)) for size in (20_000, 40_000))
    assert large < small * 2.3 + 500


def test_u12_parts_and_pieces_are_bounded() -> None:
    for piece in (b"{},", b'{"q":1},', b'{"text":"a"},'):
        parts = b'{"candidates":[{"content":{"parts":[' + piece * 20_000 + b"{}]}}]}"
        assert told_once(parts)[-1] == "error UPSTREAM_TOO_LARGE"
    assert told_once(b"[" + b"{}," * 70_000 + b"{}]") == ["error UPSTREAM_TOO_LARGE"]


def test_u12_a_text_may_come_a_letter_at_a_time() -> None:
    letters = [answer({"text": "a"}, finish=None)] * 20_000
    for body in (events(*letters, answer(PICTURE)), text([*letters, answer(PICTURE)])):
        assert told_once(body) == [f"text {'a' * 20_000}", "picture", "STOP"]


def test_u12_what_is_beside_the_payloads_is_bounded() -> None:
    for junk in (b":\n", b"data:\n\n", b"event: x\n", b"data: \n"):
        assert told_once(junk * (4_500_000 // len(junk))) == ["error UPSTREAM_TOO_LARGE"]


def told_once(body: bytes) -> list[str]:
    return words(read(b"", [body[at : at + 65536] for at in range(0, len(body), 65536)]))
