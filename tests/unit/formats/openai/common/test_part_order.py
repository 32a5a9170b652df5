"""The parts of a message in their order, from `parts` or by default."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.part_order import Pieces, is_default, put

IMAGE = pb.Part(image={"data": b"A"})
CALL = pb.Part(function_call={"name": "f"})
MISMATCH = "does not match the message; send the answer back unchanged, or leave this field out"
UNCOVERED = "does not cover the whole message; send the answer back unchanged, or leave this field out"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], True),
        (["text:3"], True),
        (["thought:1", "text:3", "image", "image", "tool_call", "tool_call"], True),
        (["image", "text:3"], False),
        (["text:1", "thought:1"], False),
        (["text:1", "text:2"], False),
        (["thought:1", "thought:1"], False),
        (["tool_call", "image"], False),
        (["tool_call:thought"], False),
        (["native"], False),
        (["text:1", "media"], False),
    ],
    ids=str,
)
def test_the_default_order(names: list[str], expected: bool) -> None:
    assert is_default(names) is expected


def copied(*parts: pb.Part) -> list[pb.Part]:
    made = []
    for part in parts:
        made.append(pb.Part())
        made[-1].CopyFrom(part)
    return made


def pieces(content: str = "abc", reasoning: str = "hm") -> Pieces:
    other = pb.Part(image={"data": b"B"})
    return Pieces(content, reasoning, {"image": copied(IMAGE, other), "tool_call": copied(CALL), "native": []})


def shown(parts: list[pb.Part]) -> list[str]:
    """Each part in a few letters; thoughts in brackets."""
    said = [part.text or part.image.data.decode() or part.function_call.name for part in parts]
    return [f"({text})" if part.thought else text for part, text in zip(parts, said, strict=True)]


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (["thought:2", "text:3", "image", "image", "tool_call"], ["(hm)", "abc", "A", "B", "f"]),
        (["image", "text:1", "thought:2", "image", "text:2", "tool_call"], ["A", "a", "(hm)", "B", "bc", "f"]),
        (["image:thought", "image", "tool_call:thought", "thought:2", "text:3"], ["(A)", "B", "(f)", "(hm)", "abc"]),
        (
            ["text:0", "text:3", "thought:1", "thought:1", "image", "image", "tool_call"],
            ["", "abc", "(h)", "(m)", "A", "B", "f"],
        ),
        (["text:03", "thought:2", "image", "image", "tool_call"], ["abc", "(hm)", "A", "B", "f"]),
    ],
    ids=str,
)
def test_a_layout_gives_the_parts(layout: list[str], expected: list[str]) -> None:
    assert shown(pieces().parts(layout)) == expected


def test_without_a_layout_the_order_is_the_default() -> None:
    assert pieces().default() == ["thought:2", "text:3", "image", "image", "tool_call"]
    assert pieces("", "").default() == ["image", "image", "tool_call"]
    assert Pieces("", "", {}).default() == []


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ([], UNCOVERED),
        (["thought:2", "text:3", "image", "tool_call"], UNCOVERED),
        (["thought:2", "text:2", "image", "image", "tool_call"], UNCOVERED),
        (["thought:1", "text:3", "image", "image", "tool_call"], UNCOVERED),
        (["text:4"], MISMATCH),
        (["text:2", "text:2"], MISMATCH),
        (["text:-1"], MISMATCH),
        (["text:"], MISMATCH),
        (["text"], MISMATCH),
        (["text:٣"], MISMATCH),
        (["text:" + "1" * 5000], MISMATCH),
        (["image", "image", "image"], MISMATCH),
        (["native"], MISMATCH),
        (["banana"], MISMATCH),
        ([""], MISMATCH),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_layout_that_does_not_fit_is_refused(layout: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        pieces().parts(layout)


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=4)), max_size=8))
def test_texts_are_rebuilt_from_their_lengths(texts: list[tuple[bool, str]]) -> None:
    content = "".join(text for thought, text in texts if not thought)
    reasoning = "".join(text for thought, text in texts if thought)
    layout = [f"{'thought' if thought else 'text'}:{len(text)}" for thought, text in texts]
    made = Pieces(content, reasoning, {}).parts(layout)
    assert [(part.thought, part.text) for part in made] == texts


@pytest.mark.parametrize(
    ("name", "value", "expected", "field"),
    [
        ("native_fields", {"a": {"b": None}, "c": 1}, pb.Part(native_fields={"a": '{"b":null}', "c": "1"}), ""),
        ("native_fields_json", {"a": "1e400"}, pb.Part(native_fields={"a": "1e400"}), ""),
        ("thought_signature", "QUJD", pb.Part(thought_signature=b"ABC"), "thought_signature"),
        ("thought_signatures", "QUJD", pb.Part(thought_signature=b"ABC"), "thought_signature"),
    ],
)
def test_what_belongs_to_a_part(name: str, value: object, expected: pb.Part, field: str) -> None:
    part = pb.Part()
    assert put(part, name, value) == (field or "native_fields")
    assert part == expected


def test_a_signature_that_is_no_base64_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^is not valid base64$"):
        put(pb.Part(), "thought_signature", "?")
