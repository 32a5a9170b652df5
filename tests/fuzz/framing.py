"""How documents stand in a body: events, arrays, lines; and how the body comes in pieces."""

import random
from dataclasses import dataclass

from tests.fuzz.plan import Plan

FRAMINGS = ("sse", "array", "array-in-sse", "ndjson", "concatenated", "object")
_EOL = {"crlf": b"\r\n", "lf": b"\n", "cr": b"\r"}


@dataclass(frozen=True)
class Framed:
    """A body; spans: where each document begins and ends in it."""

    body: bytes
    spans: tuple[tuple[int, int], ...]


def frame(plan: Plan, documents: list[bytes]) -> Framed:
    """The body of these documents."""
    if plan.framing in {"sse", "array-in-sse"}:
        return _sse(plan, documents)
    front = b"\xef\xbb\xbf" if "bom" in plan.frame else b""
    front += b" \r\n\n" if "leading-blanks" in plan.frame else b""
    rng = plan.rng("frame")
    if plan.framing == "array":
        body, spans = bytearray(front + rng.choice([b"[", b"[", b" [\n", b"[\r\n"])), []
        for number, document in enumerate(documents):
            body += rng.choice([b",", b",\r\n", b"\n,\r\n", b" , "]) if number else b""
            spans.append((len(body), len(body) + len(document)))
            body += document
        body += rng.choice([b"]", b"\n]\n", b"]\r\n"])
        return Framed(bytes(body), tuple(spans))
    between = [b""] if plan.framing == "concatenated" else [b"\n", b"\r\n", b"\n\n"]
    body, spans = bytearray(front), []
    for number, document in enumerate(documents):
        body += rng.choice(between) if number else b""
        spans.append((len(body), len(body) + len(document)))
        body += document
    return Framed(bytes(body + rng.choice([b"", b"\n", b"\r\n"])), tuple(spans))


def _sse(plan: Plan, documents: list[bytes]) -> Framed:
    rng, quirks = plan.rng("frame"), frozenset(plan.frame)
    groups = documents
    if plan.framing == "array-in-sse":
        groups = [b"[" + b",".join(documents) + b"]"]
        if "split-array" in quirks and len(documents) > 1:
            at = rng.randint(1, len(documents) - 1)
            groups = [b"[" + b",".join(part) + b"]" for part in (documents[:at], documents[at:])]
    ends = [_EOL[name] for name in ("crlf", "lf", "cr") if name in quirks] or [b"\r\n"]
    body, spans = bytearray(b"\xef\xbb\xbf" if "bom" in quirks else b""), []

    def line(text: bytes) -> None:
        nonlocal body
        body += text + rng.choice(ends)

    if "leading-blanks" in quirks:
        line(b"")
        line(b"")

    for number, document in enumerate(groups):
        _between(line, rng, quirks)
        start = len(body)
        colon = b"data:" if "no-space" in quirks else b"data:  " if "two-spaces" in quirks else b"data: "
        for part in document.replace(b"\r\n", b"\n").split(b"\n"):
            if "inner-comments" in quirks and rng.random() < 0.3:
                line(b": inside")
            line(colon + part)
        spans.append((start + len(colon), _rstripped(body)))
        if "inner-fields" in quirks:
            line(b"event: message")
        last = number == len(groups) - 1
        if not (last and "no-final-blank" in quirks):
            line(b"")
    if "no-final-blank" in quirks:
        if rng.random() < 0.5:
            body = body[: _rstripped(body)]
        return Framed(bytes(body), tuple(spans))
    if "done" in quirks:
        line(b"data: [DONE]")
        line(b"")
    if "tail" in quirks:
        line(rng.choice([b"", b": bye", b"data:", b"data", b"event: end"]))
        line(b"")
    return Framed(bytes(body), tuple(spans))


def _rstripped(body: bytearray) -> int:
    return len(body.rstrip(b"\r\n"))


def _between(line: object, rng: random.Random, quirks: frozenset[str]) -> None:
    assert callable(line)
    if "comments" in quirks:
        line(rng.choice([b": ping", b":", b": OPENROUTER PROCESSING", b":data: {}"]))
        if rng.random() < 0.5:
            line(b"")
    if "fields" in quirks:
        line(
            rng.choice(
                [b"event: message", b"event:x", b"id: 7", b"id", b"retry: 10", b"foo: bar", b"dat: {}", b"datax: 1"]
            )
        )
    if "empty-events" in quirks:
        line(rng.choice([b"data:", b"data: ", b"data"]))
        line(b"")
        if rng.random() < 0.5:
            line(b"")


def pieces(plan: Plan, body: bytes) -> list[bytes]:
    """The body as it comes."""
    rng = plan.rng("pieces")
    if plan.pieces == "whole" or not body:
        return [body]
    if plan.pieces == "bytes" and len(body) < 20_000:
        return [body[at : at + 1] for at in range(len(body))]
    made, at = [], 0
    most = {"small": 50, "medium": 5000}.get(plan.pieces, 70_000)
    if len(body) > 300_000:
        most = 70_000
    while at < len(body):
        size = rng.randint(1, most)
        made.append(body[at : at + size])
        at += size
    return made
