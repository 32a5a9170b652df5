"""Holds what arrived over REST against the truth."""

import base64
import contextlib
import json
from collections import Counter
from typing import Any

from tests.fuzz.judge import Finding, _text, digest, error, same
from tests.fuzz.plan import ANY, Expected, Truth
from tests.fuzz.rest_seen import RestSeen

PICTURES = {"picture", "picture-elsewhere"}


def _start(truth: Truth, seen: RestSeen, *, drawn: bool = True) -> list[Finding] | None:
    """What is wrong where there is an error, or should be one; None where the answer is to be looked at."""
    if seen.error:
        if seen.error.startswith("BROKEN:") and truth.outcome != "whole":
            return []  # an answer that had begun
        lost = truth.outcome == "unaltered" or (truth.outcome in {"whole", "either"} and not drawn)
        if lost and seen.error.startswith("PICTURE_WITHHELD:"):
            return []
        return error(truth, seen.error)
    if truth.outcome == "unaltered":
        ours = {_file(part) for wanted in truth.candidates.values() for part in wanted if part.kind in PICTURES}
        return [Finding("file altered or invented", digest(data)) for data, _ in seen.pictures if data not in ours]
    if truth.outcome == "error":
        return [Finding("cut passed as whole", "a cut or corrupt answer ended well")]
    return None


def chat(truth: Truth, choices: list[RestSeen], *, stream: bool) -> list[Finding]:
    """A chat, one choice for each candidate. A stream has the pictures in the model's order."""
    found = _start(truth, choices[0])
    if found is not None:
        return found
    found = []
    if len(choices) != len(truth.candidates):
        return [Finding("choices", f"{len(choices)} of {len(truth.candidates)} candidates")]
    for (index, wanted), seen in zip(sorted(truth.candidates.items()), choices, strict=True):
        found += [Finding(f"shape: {text}", text) for text in seen.wrong] + _texts(wanted, seen)
        pictures = [(_file(part), part.thought) for part in wanted if part.kind in PICTURES]
        if stream:
            found += _pictures(pictures, seen.pictures)
        elif any(thought is ANY for _, thought in pictures):
            found += _pictures(sorted(pictures, key=_data), sorted(seen.pictures, key=_data))
        else:
            found += _pictures(_in_answers_order(pictures), seen.pictures)
        finals = _finals(wanted)
        if finals and finals[-1][1] and ANY not in [thought for _, thought in pictures]:
            found += [Finding("final picture", "")] * (seen.final != finals[-1][0])
        found += _calls(wanted, seen) + _signatures(wanted, seen) + _kept(wanted, seen)
        if not same(truth.finishes[index], seen.native):
            found.append(Finding("finish reason", f"{seen.native!r} where {truth.finishes[index]!r} was last"))
    return found


def images(truth: Truth, seen: RestSeen, *, drafts: int = 0) -> list[Finding]:
    """Pictures alone. drafts: the most that are sent."""
    parts = [part for wanted in truth.candidates.values() for part in wanted]
    pictures = [part for part in parts if part.kind in PICTURES]
    found = _start(truth, seen, drawn=bool(pictures))
    if found is not None:
        return found
    if not pictures:
        return [Finding("nothing drawn, and no error", "")]
    done = [pair for pair in seen.pictures if not pair[1]]
    thoughts = [part.thought for part in pictures]
    # Of several candidates' drafts the one that came last stands for a final picture.
    if ANY in thoughts or (len(truth.candidates) > 1 and all(thoughts)):
        return _some(pictures, [data for data, _ in done], ordered=len(truth.candidates) == 1)
    finals = [(data, False) for data, _ in _finals(parts)]
    if len(truth.candidates) > 1:
        finals, done = sorted(finals), sorted(done)
    found = _pictures(finals, done)
    ours = [(_file(part), True) for part in pictures if part.thought][:drafts]
    if len(truth.candidates) == 1:
        found += _pictures(ours, [pair for pair in seen.pictures if pair[1]], "draft")
    return found


def response(truth: Truth, seen: RestSeen) -> list[Finding]:
    """A response: of one candidate."""
    found = _start(truth, seen)
    if found is not None or len(truth.candidates) > 1:
        return found or []
    [wanted] = truth.candidates.values()
    found = [Finding(f"shape: {text}", text) for text in seen.wrong]
    found += _texts(wanted, seen) + _calls(wanted, seen) + _signatures(wanted, seen) + _kept(wanted, seen)
    pictures = [part for part in wanted if part.kind in PICTURES]
    if any(part.thought is ANY for part in pictures):
        came = [data for data, _ in seen.pictures + seen.drafts]
        lost = {_file(part) for part in pictures} - set(came)
        found += [Finding("file lost", digest(data)) for data in lost]
        return found + _some(pictures, [data for data, _ in seen.pictures], ordered=True)
    found += _pictures([(data, False) for data, _ in _finals(wanted)], seen.pictures)
    found += _pictures([(_file(part), True) for part in pictures if part.thought], seen.drafts, "draft")
    if not found and not any(part.beside or part.thought is ANY for part in wanted):
        found += _flow(wanted, seen)
    if not same(truth.finishes[0], seen.native):
        found.append(Finding("finish reason", f"{seen.native!r} where {truth.finishes[0]!r} was last"))
    return found


def _file(part: Expected) -> bytes:
    made = part.value if part.kind == "picture" else part.value.encode()
    assert isinstance(made, bytes)
    return made


def _data(picture: tuple[bytes, Any]) -> bytes:
    return picture[0]


def _in_answers_order(pictures: list[tuple[bytes, Any]]) -> list[tuple[bytes, Any]]:
    """Drafts are behind the other pictures; without others, the last one is first."""
    if all(thought for _, thought in pictures):
        return [*pictures[-1:], *pictures[:-1]]
    return sorted(pictures, key=lambda picture: bool(picture[1]))


def _finals(parts: list[Expected]) -> list[tuple[bytes, bool]]:
    """The pictures that are no drafts, else the last one; each with whether it is known to be."""
    pictures = [part for part in parts if part.kind in PICTURES]
    finals = [part for part in pictures if not part.thought] or pictures[-1:]
    return [(_file(part), True) for part in finals]


def _pictures(wanted: list[tuple[bytes, Any]], got: list[tuple[bytes, Any]], what: str = "file") -> list[Finding]:
    ours, came = Counter(data for data, _ in wanted), Counter(data for data, _ in got)
    found = [Finding(f"{what} lost", digest(data)) for data in ours - came]
    found += [Finding(f"{what} altered or invented", digest(data)) for data in came - ours]
    if not found and [data for data, _ in wanted] != [data for data, _ in got]:
        found.append(Finding("order changed", f"of {what}s"))
    if not found and not all(same(a[1], b[1]) for a, b in zip(wanted, got, strict=True)):
        found.append(Finding("thought", f"of {what}s"))
    return found


def _some(pictures: list[Expected], got: list[bytes], *, ordered: bool) -> list[Finding]:
    """Where a picture may be a draft or not: those that are none came, at least one did, and each in its place."""
    ours = [_file(part) for part in pictures]
    sure = {_file(part) for part in pictures if part.thought is False}
    found = [Finding("file lost", digest(data)) for data in sure - set(got)]
    found += [Finding("file altered or invented", digest(data)) for data in got if data not in ours]
    if not got:
        found.append(Finding("file lost", "each of them"))
    rest = iter(ours)
    if ordered and not found and not all(data in rest for data in got):
        found.append(Finding("order changed", "of files"))
    return found


def _texts(wanted: list[Expected], seen: RestSeen) -> list[Finding]:
    found = []
    for mark in (part.beside for part in wanted if part.beside):
        if mark not in json.dumps(seen.whole, ensure_ascii=False):
            found.append(Finding("text beside a content lost", mark))
        seen.text, seen.thoughts = seen.text.replace(mark, ""), seen.thoughts.replace(mark, "")
    texts = [part for part in wanted if part.kind == "text"]
    if any(part.thought is ANY for part in texts):
        return found
    for thought, got in ((False, seen.text), (True, seen.thoughts)):
        ours = "".join(part.value for part in texts if part.thought is thought)
        if _text(ours) != _text(got):
            found.append(Finding("thoughts" if thought else "text", f"{got!r:.300} where {ours!r:.300} was sent"))
    return found


def _calls(wanted: list[Expected], seen: RestSeen) -> list[Finding]:
    ours = [[part.name, part.value] for part in wanted if part.kind == "call"]
    theirs = [list(call) for call in seen.calls if "‹beside" not in str(call)]  # what stood beside a content
    if same(ours, theirs):
        return []
    return [Finding("call", f"{seen.calls!r:.300} where {ours!r:.300} was sent")]


def _signatures(wanted: list[Expected], seen: RestSeen) -> list[Finding]:
    ours = [part.signature for part in wanted if part.signature]
    return (
        []
        if ours == seen.signatures
        else [Finding("signature", f"{len(seen.signatures)} of {len(ours)}, or other ones")]
    )


def _flow(wanted: list[Expected], seen: RestSeen) -> list[Finding]:
    ours: list[tuple[str, Any]] = []
    finals = [data for data, _ in _finals(wanted)]
    for part in wanted:
        if part.kind == "text":
            ours.append(("thought" if part.thought else "text", part.value))
        elif part.kind in PICTURES and not part.thought:
            ours.append(("picture", _file(part)))
        elif part.kind == "call":
            ours.append(("call", part.name))
    theirs = [(kind, value[0] if kind == "call" else value) for kind, value in seen.flow]
    if all(part.thought for part in wanted if part.kind in PICTURES):  # a draft that stands for the final one
        theirs = [pair for pair in theirs if pair[1] not in finals]
    left, right = _merged(ours), _merged(theirs)
    if left == right:
        return []
    return [Finding("order changed", f"{[kind for kind, _ in right]} where {[kind for kind, _ in left]} was sent")]


def _merged(flow: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    made: list[tuple[str, Any]] = []
    for kind, value in flow:
        if kind not in {"text", "thought"}:
            made.append((kind, value))
        elif value and made and made[-1][0] == kind:
            made[-1] = kind, _text(made[-1][1] + value)
        elif value:
            made.append((kind, _text(value)))
    return made


def _kept(wanted: list[Expected], seen: RestSeen) -> list[Finding]:
    """What OpenAI's shape has no place for is there all the same."""
    found = []
    text = json.dumps(seen.whole)
    for part in wanted:
        if part.kind == "media":
            data = base64.b64encode(part.value).decode()
            found += [Finding("media lost", digest(part.value))] * (data not in text)
        elif part.kind == "media-elsewhere":
            found += [Finding("media lost", part.value)] * (part.value not in text)
        elif part.kind == "native" and not any(same(part.value, value) for value in _values(seen.whole)):
            found.append(Finding("native part lost", part.name))
    return found


def _values(node: Any) -> list[Any]:
    """Every value within, and those that stand as JSON text."""
    made, left = [], [node]
    while left:
        node = left.pop()
        made.append(node)
        if isinstance(node, dict | list):
            left += node.values() if isinstance(node, dict) else node
        elif isinstance(node, str) and node[:1] in {"{", "["}:
            with contextlib.suppress(ValueError):
                made.append(json.loads(node))
    return made
