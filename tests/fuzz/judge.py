"""Holds what arrived against the truth."""

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.fuzz.parts import snake
from tests.fuzz.plan import ANY, Expected, Truth
from tests.fuzz.seen import Seen

FILES = {"picture", "media"}


@dataclass(frozen=True)
class Finding:
    """Something wrong. kind: a few words, the same for the same fault."""

    kind: str
    text: str


def same(wanted: Any, got: Any) -> bool:
    """Whether a value is the one that is wanted."""
    if wanted is ANY:
        return True
    if isinstance(wanted, dict):
        return (
            isinstance(got, dict)
            and wanted.keys() == got.keys()
            and all(same(inner, got[key]) for key, inner in wanted.items())
        )
    if isinstance(wanted, list):
        return isinstance(got, list) and len(wanted) == len(got) and all(map(same, wanted, got))
    if isinstance(wanted, str) and isinstance(got, str):
        return _text(wanted) == _text(got)
    return isinstance(wanted, bool) == isinstance(got, bool) and bool(wanted == got)


def _text(text: str) -> str:
    """Without a difference between one sign for what is unreadable and several."""
    return re.sub("[\ud800-\udfff\ufffd]+", "\ufffd", text)


def digest(data: bytes) -> str:
    """Short, for people."""
    return f"{len(data)} bytes {hashlib.sha256(data).hexdigest()[:8]}"


def judge(truth: Truth, seen: Seen) -> list[Finding]:
    """All that is wrong."""
    found = [Finding("contract broken: " + re.sub(r"\d+", "N", text), text) for text in seen.wrong]
    if seen.error:
        found += [Finding("altered file before an error", text) for text in _foreign(truth, seen)]
        return found + error(truth, seen.error)
    if truth.outcome == "unaltered":
        return found + [Finding("file altered or invented", text) for text in _foreign(truth, seen)]
    if truth.outcome == "error":
        return [*found, Finding("cut passed as whole", "a cut or corrupt answer ended well")]
    for index, wanted in truth.candidates.items():
        found += _candidate(wanted, seen.candidates.get(index, []))
    if set(seen.candidates) - set(truth.candidates):
        found.append(Finding("invented candidate", f"{sorted(seen.candidates)}"))
    for index, word in truth.finishes.items():
        if not same(word, seen.finishes.get(index)):
            found.append(Finding("finish reason", f"{seen.finishes.get(index)!r} where {word!r} was last"))
    found += _fields("field of a candidate", truth.candidate_fields.get(0, {}), seen.candidate_fields.get(0, {}))
    found += _fields("field of the answer", truth.fields, seen.fields)
    for name, count in (truth.usage or {}).items():
        if getattr(seen.usage, name) != count:
            found.append(Finding("usage", f"{name} is {getattr(seen.usage, name)}, not {count}"))
    return found


def error(truth: Truth, told: str) -> list[Finding]:
    """What is wrong with an error, told as "REASON: message"."""
    reason = told.partition(":")[0]
    if truth.outcome == "whole":
        return [Finding("error on a whole answer", told)]
    return [Finding("another reason", f"{told}, where {truth.reason} was due")] if reason != truth.reason else []


def _foreign(truth: Truth, seen: Seen) -> list[str]:
    """Files that came whole and are none of the answer's."""
    ours = {part.value for parts in truth.candidates.values() for part in parts if part.kind in FILES}
    came = [part.value for parts in seen.candidates.values() for part in parts if part.kind in FILES]
    return [digest(data) for data in came if data not in ours]


def _candidate(wanted: list[Expected], got: list[Expected]) -> list[Finding]:
    found = _beside(wanted, got)
    # A repeated picture is the same picture twice.
    ours, came = (Counter(part.value for part in parts if part.kind in FILES) for parts in (wanted, got))
    found += [Finding("file lost", digest(data)) for data in (ours - came)]
    found += [Finding("file altered or invented", digest(data)) for data in (came - ours)]
    left, right = normal(wanted), normal(got)
    if [part.kind for part in left] != [part.kind for part in right]:
        if ours != came:
            return found
        kinds = [[part.kind for part in parts] for parts in (left, right)]
        kind = "order changed" if sorted(kinds[0]) == sorted(kinds[1]) else "parts differ"
        return [*found, Finding(kind, f"{kinds[1]} where {kinds[0]} was sent")]
    for ours_, theirs in zip(left, right, strict=True):
        found += _part(ours_, theirs)
    return found


def _beside(wanted: list[Expected], got: list[Expected]) -> list[Finding]:
    """Take away the texts that stood beside a content, wherever they came."""
    found = []
    for mark in (part.beside for part in wanted if part.beside):
        for part in got:
            if part.kind == "text" and mark in part.value:
                part.value = part.value.replace(mark, "")
                break
            if part.kind == "call" and mark in json.dumps(part.value, ensure_ascii=False):
                got.remove(part)
                break
            if mark in json.dumps(part.fields, ensure_ascii=False):
                break
        else:
            found.append(Finding("text beside a content lost", mark))
    return found


def normal(parts: list[Expected]) -> list[Expected]:
    """Without what says nothing; runs of unsigned text joined, as (thought, text) pairs."""
    made: list[Expected] = []
    for part in parts:
        if part.kind != "text" or part.signature:
            made.append(part)
            continue
        if not (part.value or part.fields):
            continue
        if not (made and made[-1].kind == "texts"):
            made.append(Expected("texts", [], signature=b"", thought=ANY))
        run = made[-1]
        run.fields = {**run.fields, **part.fields}
        if run.value and (run.value[-1][0] is part.thought or run.value[-1][0] == part.thought):
            run.value[-1] = part.thought, run.value[-1][1] + part.value
        elif part.value:
            run.value.append((part.thought, part.value))
    return [part for part in made if part.kind != "texts" or part.value or part.fields]


def _part(wanted: Expected, got: Expected) -> list[Finding]:
    found = []
    if wanted.kind == "texts":
        if any(thought is ANY for thought, _ in wanted.value):
            right = _text("".join(text for _, text in wanted.value)) == _text("".join(text for _, text in got.value))
        else:
            right = same([list(pair) for pair in wanted.value], [list(pair) for pair in got.value])
        if not right:
            found.append(Finding("text", f"{got.value!r:.300} where {wanted.value!r:.300} was sent"))
    elif wanted.kind == "native":
        # Of two unknown fields either may be taken for the kind.
        ours, theirs = {wanted.name: wanted.value, **wanted.fields}, {got.name: got.value, **got.fields}
        return _fields("native part", ours, theirs) + _marks(wanted, got)
    elif not same(wanted.value, got.value):
        if wanted.kind in FILES:
            found.append(Finding("order changed", f"{digest(got.value)} where {digest(wanted.value)} was sent"))
        else:
            found.append(Finding(wanted.kind, f"{got.value!r:.300} where {wanted.value!r:.300} was sent"))
    if wanted.kind == "call" and (wanted.name, wanted.ident) != (got.name, got.ident):
        found.append(Finding("call", f"{got.name!r} {got.ident!r} where {wanted.name!r} {wanted.ident!r} was sent"))
    # A media type's case says nothing.
    if wanted.kind != "texts" and wanted.mime is not ANY and wanted.mime.lower() != got.mime.lower():
        found.append(Finding("media type", f"{got.mime!r} where {wanted.mime!r} was sent"))
    if wanted.kind.startswith("picture") and re.search(r'["\\\x00-\x1f]', str(got.mime)):
        found.append(Finding("media type not normal", f"{got.mime!r}"))
    return found + _fields(f"field beside {wanted.kind}", wanted.fields, got.fields) + _marks(wanted, got)


def _marks(wanted: Expected, got: Expected) -> list[Finding]:
    found = []
    if wanted.kind != "texts" and not same(wanted.thought, got.thought):
        found.append(Finding("thought", f"{wanted.kind}: {got.thought} where {wanted.thought} was sent"))
    if not same(wanted.signature, got.signature):
        found.append(
            Finding("signature", f"{wanted.kind}: {got.signature!r:.60} where {wanted.signature!r:.60} was sent")
        )
    return found


def _fields(what: str, wanted: dict[str, Any], got: dict[str, Any]) -> list[Finding]:
    theirs = {snake(name): value for name, value in got.items()}
    return [
        Finding(f"{what} {'differs' if snake(name) in theirs else 'lost'}",
                f"{name}: {theirs.get(snake(name))!r:.200} where {value!r:.200} was sent")
        for name, value in wanted.items()
        if value is not ANY and not same(value, theirs.get(snake(name)))
    ]  # fmt: skip
