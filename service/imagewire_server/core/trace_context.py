"""The trace of a call, as its caller names it: W3C's traceparent and tracestate, else B3 in one header or in several.

What is malformed is ignored, as W3C says: a call never fails because of it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# Of later versions W3C lets read the beginning, where a "-" follows it.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?", re.ASCII)
_B3 = re.compile(r"([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?", re.ASCII)
_B3_TRACE = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}", re.ASCII)
_B3_SPAN = re.compile(r"[0-9a-f]{16}", re.ASCII)
_B3_SAMPLED = {"": False, "0": False, "1": True, "false": False, "true": True}
_KEY = r"[a-z0-9][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13}"
_MEMBER = re.compile(
    rf"[ \t]*({_KEY})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e][ \t]*", re.ASCII
)
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_LONGEST_PARENT = 256  # characters; version 00 has 55
_MOST_MEMBERS = 32
# Of what is handed on: W3C asks for at least 512, and for whole members.
_LONGEST_STATE = 512
_LONGEST_MEMBER = 128  # longer ones are the first to be left out


class TraceContext(NamedTuple):
    """trace_id: 32 hexadecimal digits, span_id: 16, both in lower case and not all zeros.

    sampled: whether the caller records the trace. state: tracestate, at most 512 characters.
    """

    trace_id: str
    span_id: str
    sampled: bool
    state: str = ""

    @property
    def traceparent(self) -> str:
        """As W3C's header names it, in version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.sampled:02x}"

    def ids(self) -> dict[str, str]:
        """The fields of a log line."""
        return {"trace_id": self.trace_id, "span_id": self.span_id}

    def headers(self) -> list[tuple[str, str]]:
        """W3C's headers."""
        found = [("traceparent", self.traceparent)]
        return [*found, ("tracestate", self.state)] if self.state else found


# The headers that name a trace, in lower case.
NAMES = frozenset({"traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"})

Given = Mapping[str, Sequence[str]]


def trace_context(given: Given) -> TraceContext | None:
    """The trace of a call; None if it has none that is well-formed. given: the values of each of NAMES that came."""
    return _w3c(given) or _b3_single(_only(given, "b3")) or _b3_several(given)


def _only(given: Given, name: str) -> str:
    """The value of a header that came once, else ""."""
    values = given.get(name, ())
    return values[0].strip(" \t") if len(values) == 1 else ""


def _made(trace_id: str, span_id: str, *, sampled: bool, state: str = "") -> TraceContext | None:
    trace_id = trace_id.rjust(32, "0")  # B3 knows traces of 64 bits
    if trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return TraceContext(trace_id, span_id, sampled, state)


def _w3c(given: Given) -> TraceContext | None:
    value = _only(given, "traceparent")
    found = _TRACEPARENT.fullmatch(value) if len(value) <= _LONGEST_PARENT else None
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more is not None):
        return None
    return _made(trace_id, span_id, sampled=bool(int(flags, 16) & 1), state=tracestate(given.get("tracestate", ())))


def _b3_single(value: str) -> TraceContext | None:
    found = _B3.fullmatch(value)
    return _made(found[1], found[2], sampled=found[3] in {"1", "d"}) if found else None


def _b3_several(given: Given) -> TraceContext | None:
    trace_id, span_id = _only(given, "x-b3-traceid"), _only(given, "x-b3-spanid")
    sampled = _B3_SAMPLED.get(_only(given, "x-b3-sampled").lower())
    if sampled is None or not _B3_TRACE.fullmatch(trace_id) or not _B3_SPAN.fullmatch(span_id):
        return None
    return _made(trace_id, span_id, sampled=sampled or _only(given, "x-b3-flags") == "1")


def tracestate(values: Sequence[str]) -> str:
    """The headers as one, at most 512 characters; "" where one of its members is malformed."""
    text = ",".join(values)
    if not text or text.count(",") > 2 * _MOST_MEMBERS:
        return ""
    members: dict[str, str] = {}
    for member in text.split(","):
        if not member.strip(" \t"):
            continue  # W3C allows empty ones
        found = _MEMBER.fullmatch(member)
        if found is None or found[1] in members:
            return ""
        members[found[1]] = member.strip(" \t")
    if len(members) > _MOST_MEMBERS:
        return ""
    return _shortened(list(members.values()))


def _shortened(members: list[str]) -> str:
    """Without long members, then without the last ones, as far as it takes."""
    if len(",".join(members)) > _LONGEST_STATE:
        members = [member for member in members if len(member) <= _LONGEST_MEMBER]
    while len(",".join(members)) > _LONGEST_STATE:
        members.pop()
    return ",".join(members)
