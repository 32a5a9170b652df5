"""Every way to name a trace, well-formed and not: what is malformed names none, and fails no call."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.core.trace_context import NAMES, TraceContext, trace_context, tracestate

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SHORT = "8448eb211c80319c"  # a trace of 64 bits
PARENT = f"00-{TRACE}-{SPAN}-01"
SAMPLED, UNSAMPLED = TraceContext(TRACE, SPAN, sampled=True), TraceContext(TRACE, SPAN, sampled=False)
WIDENED = TraceContext("0" * 16 + SHORT, SPAN, sampled=True)
SEVERAL = {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN}

ROWS: list[tuple[str, dict[str, str], TraceContext | None]] = [
    ("nothing", {}, None),
    ("sampled", {"traceparent": PARENT}, SAMPLED),
    ("not sampled", {"traceparent": f"00-{TRACE}-{SPAN}-00"}, UNSAMPLED),
    ("other flags", {"traceparent": f"00-{TRACE}-{SPAN}-fe"}, UNSAMPLED),
    ("space around", {"traceparent": f" {PARENT}\t"}, SAMPLED),
    ("a later version", {"traceparent": f"01-{TRACE}-{SPAN}-01"}, SAMPLED),
    ("a later version with more", {"traceparent": f"cc-{TRACE}-{SPAN}-01-what-comes"}, SAMPLED),
    ("a later version with more, unseparated", {"traceparent": f"cc-{TRACE}-{SPAN}-01what"}, None),
    ("a later version of any length", {"traceparent": f"cc-{TRACE}-{SPAN}-01-{'a' * 300}"}, None),
    ("version 00 with more", {"traceparent": f"{PARENT}-what"}, None),
    ("version ff", {"traceparent": f"ff-{TRACE}-{SPAN}-01"}, None),
    ("upper case", {"traceparent": PARENT.upper()}, None),
    ("no trace", {"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, None),
    ("no span", {"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
    ("a short trace", {"traceparent": f"00-{TRACE[1:]}-{SPAN}-01"}, None),
    ("a short span", {"traceparent": f"00-{TRACE}-{SPAN[1:]}-01"}, None),
    ("no flags", {"traceparent": f"00-{TRACE}-{SPAN}"}, None),
    ("other digits", {"traceparent": f"00-{'٠' * 32}-{SPAN}-01"}, None),
    ("a line's end", {"traceparent": f"{PARENT}\n"}, None),
    ("b3", {"b3": f"{TRACE}-{SPAN}-1"}, SAMPLED),
    ("b3, debug", {"b3": f"{TRACE}-{SPAN}-d"}, SAMPLED),
    ("b3, not sampled", {"b3": f"{TRACE}-{SPAN}-0"}, UNSAMPLED),
    ("b3, undecided", {"b3": f"{TRACE}-{SPAN}"}, UNSAMPLED),
    ("b3 with a parent", {"b3": f"{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90"}, SAMPLED),
    ("b3, 64 bits", {"b3": f"{SHORT}-{SPAN}-1"}, WIDENED),
    ("b3, only a decision", {"b3": "0"}, None),
    ("b3, another decision", {"b3": f"{TRACE}-{SPAN}-2"}, None),
    ("b3, no span", {"b3": TRACE}, None),
    ("b3, all zeros", {"b3": f"{'0' * 32}-{SPAN}-1"}, None),
    ("b3, a parent without a decision", {"b3": f"{TRACE}-{SPAN}-05e3ac9a4f6e3b90"}, None),
    ("several", {**SEVERAL, "x-b3-sampled": "1"}, SAMPLED),
    ("several, true", {**SEVERAL, "x-b3-sampled": "true"}, SAMPLED),
    ("several, not sampled", {**SEVERAL, "x-b3-sampled": "0"}, UNSAMPLED),
    ("several, undecided", SEVERAL, UNSAMPLED),
    ("several, debug", {**SEVERAL, "x-b3-flags": "1"}, SAMPLED),
    ("several, 64 bits", {**SEVERAL, "x-b3-traceid": SHORT, "x-b3-sampled": "1"}, WIDENED),
    ("several, another decision", {**SEVERAL, "x-b3-sampled": "maybe"}, None),
    ("several, no trace", {"x-b3-spanid": SPAN, "x-b3-sampled": "1"}, None),
    ("several, no span", {"x-b3-traceid": TRACE}, None),
    ("several, a trace of 65 bits", {**SEVERAL, "x-b3-traceid": SHORT + "0"}, None),
    ("W3C before B3", {"traceparent": PARENT, "b3": f"{SHORT}-{SPAN}-1"}, SAMPLED),
    ("B3 in place of what is malformed", {"traceparent": "00-a-b-01", "b3": f"{SHORT}-{SPAN}-1"}, WIDENED),
    ("one before several", {"b3": f"{TRACE}-{SPAN}-1", **SEVERAL}, SAMPLED),
    ("with a state", {"traceparent": PARENT, "tracestate": "a=1,b=2"}, SAMPLED._replace(state="a=1,b=2")),
    ("with a malformed state", {"traceparent": PARENT, "tracestate": "a=1,B=2"}, SAMPLED),
    ("a state alone", {"tracestate": "a=1"}, None),
    ("the state of another format", {"tracestate": "a=1", "b3": f"{TRACE}-{SPAN}-1"}, SAMPLED),
]


@pytest.mark.parametrize(("headers", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_a_trace_is_read(headers: dict[str, str], expected: TraceContext | None) -> None:
    assert trace_context({name: [value] for name, value in headers.items()}) == expected


@pytest.mark.parametrize("name", ["traceparent", "b3", "x-b3-traceid"])
def test_what_comes_twice_names_no_trace(name: str) -> None:
    once = {**{key: [value] for key, value in SEVERAL.items()}, "traceparent": [PARENT], "b3": [f"{TRACE}-{SPAN}-1"]}
    alone = {key: values for key, values in once.items() if key == name or (name in SEVERAL and key in SEVERAL)}
    assert trace_context(alone) is not None
    assert trace_context({**alone, name: alone[name] * 2}) is None


STATES: list[tuple[str, list[str], str]] = [
    ("none", [], ""),
    ("one", ["a=1"], "a=1"),
    ("two headers", ["a=1", "b=2"], "a=1,b=2"),
    ("spaces and empty members", [" a=1 ,, b=2\t"], "a=1,b=2"),
    ("a tenant", ["1tenant@system=x"], "1tenant@system=x"),
    ("spaces in a value", ["a=b c"], "a=b c"),
    ("no value", ["a="], ""),
    ("no name", ["=1"], ""),
    ("no sign", ["a"], ""),
    ("a second sign", ["a=1=2"], ""),
    ("upper case", ["A=1"], ""),
    ("a name twice", ["a=1,a=2"], ""),
    ("a letter that is none of ASCII", ["a=\u00e9"], ""),
    ("a name of 257 characters", [f"{'a' * 257}=1"], ""),
    ("a value of 257 characters", [f"a={'1' * 257}"], ""),
    ("32 members", [",".join(f"k{n}=1" for n in range(32))], ",".join(f"k{n}=1" for n in range(32))),
    ("33 members", [",".join(f"k{n}=1" for n in range(33))], ""),
    ("commas", ["," * 100_000], ""),
    (
        "a long member goes first",
        [f"a={'1' * 200},b={'2' * 100},c={'3' * 90},d={'4' * 200}"],
        f"b={'2' * 100},c={'3' * 90}",
    ),
    ("then the last", [",".join(f"k{n}={'1' * 97}" for n in range(6))], ",".join(f"k{n}={'1' * 97}" for n in range(5))),
]


@pytest.mark.parametrize(("values", "expected"), [pytest.param(*row[1:], id=row[0]) for row in STATES])
def test_a_state_is_whole_and_bounded_or_it_is_none(values: list[str], expected: str) -> None:
    assert tracestate(values) == expected


_HEX = st.text("0123456789abcdef-,=@ fF", max_size=80)
_VALUES = st.one_of(st.text(max_size=60), _HEX, st.just(PARENT), st.just(f"{TRACE}-{SPAN}-1"))


@given(st.dictionaries(st.sampled_from(sorted(NAMES)), st.lists(_VALUES, min_size=1, max_size=3)))
def test_whatever_comes_is_a_whole_trace_or_none(headers: dict[str, list[str]]) -> None:
    found = trace_context(headers)
    if found is not None:
        assert re.fullmatch("[0-9a-f]{32}", found.trace_id)
        assert re.fullmatch("[0-9a-f]{16}", found.span_id)
        assert len(found.state) <= 512
        # What is handed on is what the next server reads.
        assert trace_context({name: [value] for name, value in found.headers()}) == found


def test_what_is_handed_on_and_logged() -> None:
    assert SAMPLED.headers() == [("traceparent", PARENT)]
    assert UNSAMPLED._replace(state="a=1").headers() == [("traceparent", f"{PARENT[:-1]}0"), ("tracestate", "a=1")]
    assert SAMPLED.ids() == {"trace_id": TRACE, "span_id": SPAN}
