"""Where a streamed answer is, however its bytes are cut: an error is added only between two of its events."""

import json

import pytest

from imagewire_server.formats.google.framing import ArrayFraming, EventFraming

ERROR = b'{"error": {"code": 502}}'
TRICKY = [{"a": '{"}[],\\"', "b": [[], {}, "\\"]}, {"c": "é\u2028", "error": "no"}, {"d": {}}]
ARRAYS = {
    "compact": json.dumps(TRICKY, separators=(",", ":")).encode(),
    "pretty": json.dumps(TRICKY, indent=2).replace("\n", "\r\n").encode() + b"\r\n",
    "raw": json.dumps(TRICKY, ensure_ascii=False).encode(),
    "strange": b' [ {"a":"\\u0022"} , { } ] ',
}
EVENTS = {
    "lf": b'data: {"a": 1}\n\ndata: {"b": "\\n\\n"}\n\n',
    "crlf": b'data: {"a": 1}\r\n\r\ndata: {"b": 2}\r\n\r\n',
    "cr": b'data: {"a": 1}\r\rdata: {"b": 2}\r\r',
    "mixed": b'data: {"a": 1}\n\r\ndata: {"b": 2}\r\n\r\n',
}


def elements(text: bytes) -> list[int]:
    """Behind how many bytes of an array an element may follow, by a parser."""
    found = []
    for end in range(len(text) + 1):
        for comma in (b"", b","):
            try:
                json.loads(text[:end] + comma + b"0]")
            except ValueError:
                continue
            found.append(end)
    return sorted(set(found))


@pytest.mark.parametrize("text", ARRAYS.values(), ids=ARRAYS)
def test_an_error_is_added_where_an_element_may_stand_and_the_whole_is_json(text: bytes) -> None:
    possible = set(elements(text))
    for cut in range(len(text) + 1):
        framing = ArrayFraming()
        framing.feed(text[:cut])
        added = framing.added(ERROR)
        if not text[:cut].strip():
            assert json.loads(added or b"") == [json.loads(ERROR)]
        elif cut in possible:
            assert json.loads(text[:cut] + (added or b""))[-1] == json.loads(ERROR)
        else:
            assert added is None, text[:cut]


def test_nothing_is_added_to_what_is_no_array() -> None:
    text = b' {"candidates": [1], "b": {}} '
    for cut in range(2, len(text) + 1):
        framing = ArrayFraming()
        framing.feed(text[:cut])
        assert framing.added(ERROR) is None, text[:cut]


@pytest.mark.parametrize("text", ARRAYS.values(), ids=ARRAYS)
def test_an_array_is_the_same_in_any_pieces(text: bytes) -> None:
    whole = ArrayFraming()
    whole.feed(text)
    for size in (1, 2, 3, 7):
        for end in range(0, len(text) + 1, 5):
            once, often = ArrayFraming(), ArrayFraming()
            once.feed(text[:end])
            for at in range(0, end, size):
                often.feed(text[at : min(at + size, end)])
            assert once.added(ERROR) == often.added(ERROR)
    for cut in range(len(text)):
        split = ArrayFraming()
        split.feed(text[:cut])
        split.feed(text[cut:])
        assert split.added(ERROR) == whole.added(ERROR)


@pytest.mark.parametrize("text", EVENTS.values(), ids=EVENTS)
def test_an_error_is_added_behind_an_event_however_it_is_cut(text: bytes) -> None:
    ends = {0, len(text), text.index(b"data:", 1)}
    for cut in range(len(text) + 1):
        for middle in range(cut + 1):
            framing = EventFraming()
            framing.feed(text[:middle])
            framing.feed(text[middle:cut])
            added = framing.added(ERROR)
            assert added == (b"data: " + ERROR + b"\r\n\r\n" if cut in ends else None)
