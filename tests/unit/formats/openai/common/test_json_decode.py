"""Bodies are decoded, or refused by the caller's own field."""

import contextlib
import json
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.openai.common import json_decode
from imagewire_server.formats.openai.common.json_decode import Strict, convert, decode
from imagewire_server.formats.openai.common.other_names import OLDER, REMEDIES
from imagewire_server.formats.openai.images.request import ImagesRequest
from tests.unit.formats.openai.asked import KINDS, spec


class Cat(Strict, tag_field="type", tag="cat"):
    lives: Annotated[int, msgspec.Meta(ge=1, le=9)] = 9


class Dog(Strict, tag_field="type", tag="dog"):
    size: Literal["small", "large"] | None = None


class Body(Strict):
    model: str
    count: Annotated[int, msgspec.Meta(ge=0)] | None = None
    style: Literal["a", "b"] | None = None
    only: Literal[False] | None = None
    pets: list[Cat | Dog] | None = None
    grid: list[list[Literal[1, 2]]] | None = None
    free: dict[str, Any] | None = None
    functions: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=0)] | None = None
    wide: bool | None = msgspec.field(default=None, name="isWide")


def refusal(body: bytes | dict[str, Any]) -> str:
    given_body = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidRequest) as caught:
        decode(given_body, Body)
    [violation] = caught.value.violations
    return f"{violation.field}: {violation.description}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"model": "m"}', Body(model="m")),
        (bytearray(b' {"model":"m","count":null,"unknown":null} '), Body(model="m")),
        (b'{"model":"m","isWide":true,"only":false}', Body(model="m", wide=True, only=False)),
        (b'{"model":"a","model":"m"}', Body(model="m")),
        (
            b'{"model":"m","pets":[{"type":"cat","lives":3},{"type":"dog","x":null}]}',
            Body(model="m", pets=[Cat(3), Dog()]),
        ),
        (b'{"model":"m","free":{"a":null,"model":1}}', Body(model="m", free={"a": None, "model": 1})),
        ('{"model":"\\ud83d\\ude00 ä"}'.encode(), Body(model="😀 ä")),
    ],
    ids=str,
)
def test_a_body(body: bytes, expected: Body) -> None:
    assert decode(body, Body) == expected


NO_JSON = "body: is not valid JSON; send an object as application/json"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", NO_JSON),
        (b"{", NO_JSON),
        (b"model=m", NO_JSON),
        (b'{"model":"m"} x', NO_JSON),
        (b'{"model":"\xff"}', NO_JSON),
        (b'{"model":"\\ud800"}', NO_JSON),
        (b'{"model":"m","count":NaN}', NO_JSON),
        (
            b'{"model":"m","free":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}",
            "body: is nested too deeply; send an object as application/json",
        ),
        (b'{"model":"m","odd":1e400}', "odd: is a number that is too large; send a smaller one"),
        (b'{"model":"m","count":1e400}', "count: number out of range"),
        (b'{"model":"m","count":' + b"9" * 5000 + b"}", "count: integer value out of range"),
        (b"null", "body: expected `object`, got `null`"),
        (b"[]", "body: expected `object`, got `array`"),
        ({}, "model: is required"),
        ({"model": None}, "model: expected `str`, got `null`"),
        ({"model": 1}, "model: expected `str`, got `int`"),
        ({"model": "m", "count": "1"}, "count: expected `int | null`, got `str`"),
        ({"model": "m", "count": -1}, "count: expected `int` >= 0"),
        ({"model": "m", "count": 1.5}, "count: expected `int | null`, got `float`"),
        ({"model": "m", "counts": 1}, "counts: is an unknown field; leave it out; did you mean 'count'?"),
        ({"model": "m", "wide": True}, "wide: is an unknown field; leave it out; did you mean 'isWide'?"),
        ({"model": "m", "pets": [{"type": "dog", "model": "x"}]}, "pets[0].model: is an unknown field; leave it out"),
        (
            {"model": "m", "pets": [{"type": "dog", "seize": "x"}]},
            "pets[0].seize: is an unknown field; leave it out; did you mean 'size'?",
        ),
        ({"model": "m", "functions": [{}]}, f"functions: {OLDER['functions']}"),
        ({"model": "m", "num_retries": 1}, f"num_retries: {REMEDIES['num_retries']}"),
        ({"model": "m", "": 1}, '"": is an unknown field; leave it out'),
        ({"model": "m", "x" * 300: 1}, f"{'x' * 200}: is an unknown field; leave it out"),
        ({"model": "m", "style": "c"}, 'style: \'c\' is not supported; use "a", "b" or leave it out'),
        ({"model": "m", "only": True}, "only: True is not supported; use false or leave it out"),
        ({"model": "m", "pets": {}}, "pets: expected `array | null`, got `object`"),
        ({"model": "m", "pets": [{"type": "cat"}, {}]}, "pets[1].type: is required"),
        (
            {"model": "m", "pets": [{"type": "cow"}]},
            'pets[0].type: \'cow\' is not supported; use "cat", "dog" or leave it out',
        ),
        ({"model": "m", "pets": [{"type": "cat", "lives": 10}]}, "pets[0].lives: expected `int` <= 9"),
        (
            {"model": "m", "pets": [{"type": "dog", "size": "x"}]},
            'pets[0].size: \'x\' is not supported; use "large", "small" or leave it out',
        ),
        ({"model": "m", "pets": [{"type": "dog", "age": 1}]}, "pets[0].age: is an unknown field; leave it out"),
        ({"model": "m", "grid": [[1], [2, 3]]}, "grid[1][1]: 3 is not supported; use 1, 2 or leave it out"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_body_is_refused_by_its_field(body: bytes | dict[str, Any], expected: str) -> None:
    assert refusal(body) == expected


def test_a_long_wrong_value_is_shortened() -> None:
    told = refusal({"model": "m", "style": "x" * 1000})
    assert told.endswith(' is not supported; use "a", "b" or leave it out')
    assert len(told) < 300


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ([], "item", "item: expected `object`, got `array`"),
        ([], "", "body: expected `object`, got `array`"),
        ({}, "input[2]", "input[2].model: is required"),
        ({"model": "m", "pets": [3]}, "input[2]", "input[2].pets[0]: expected `object`, got `int`"),
        ({"model": "m", "x": 1}, "input[2]", "input[2].x: is an unknown field; leave it out"),
    ],
)
def test_a_decoded_object_is_refused_by_its_place(value: Any, field: str, expected: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        convert(value, Body, field)
    [violation] = caught.value.violations
    assert f"{violation.field}: {violation.description}" == expected


def test_values_of_a_form_are_text() -> None:
    assert convert({"model": "1", "count": "2", "isWide": "true"}, Body, text=True) == Body(
        model="1", count=2, wide=True
    )
    for strict in ({"count": "2"}, {"isWide": "true"}):
        with pytest.raises(InvalidRequest):
            convert({"model": "m", **strict}, Body)


chat, images, responses = (partial(spec, kind) for kind in KINDS)


def item(**fields: Any) -> pb.Spec:
    return responses(input=[{"role": "user", "content": "A", **fields}])


def form(**fields: Any) -> None:
    json_decode.convert({"model": "gemini/m", "prompt": "A", **fields}, ImagesRequest, text=True)


LIKE_PATHS = [
    "a` - at `$.model",
    "a` - at `$.model.b",
    "a` - at `$[3]",
    "a` - at `$[x]",
    "` - at `$.messages[9].c",
    "`",
]


@pytest.mark.parametrize("ask", [chat, images, responses, item, form])
@pytest.mark.parametrize("name", LIKE_PATHS)
@pytest.mark.parametrize("value", [1, None])
def test_a_name_like_a_path_is_a_name(ask: Any, name: str, value: object) -> None:
    if value is None:
        ask(**{name: value})
        return
    with pytest.raises(InvalidRequest, match="is an unknown field"):
        ask(**{name: value})


@given(st.dictionaries(st.text(max_size=40) | st.sampled_from(LIKE_PATHS), st.none() | st.integers(), max_size=4))
def test_any_names_are_taken_or_refused(fields: dict[str, Any]) -> None:
    for ask in (chat, images, responses, item):
        try:
            ask(**fields)
        except InvalidRequest as error:
            named = all(violation.field for violation in error.violations)
        else:
            named = True
        assert named


def test_nulls_are_taken_out_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = 0
    convert = msgspec.convert

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal passes
        passes += 1
        return convert(*arguments, **named)

    monkeypatch.setattr(json_decode.msgspec, "convert", counted)
    many = {f"u{i}": None for i in range(500)}
    message = {"role": "user", "content": [{"type": "text", "text": "A", **many}] * 10, **many}
    assert chat(messages=[message] * 10, **many)
    assert passes == 2


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for request, _ in KINDS.values():
        with contextlib.suppress(InvalidRequest):
            decode(body, request)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 5000 + b"]" * 5000])
def test_what_is_no_json_has_no_fields(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        json_decode.plain(body)
    assert [one.field for one in caught.value.violations] == ["body"]
    assert json_decode.plain(b'{"a": 1}') == {"a": 1}


def test_what_may_only_be_empty_or_null_is_not_supported() -> None:
    class Empty(Strict):
        bias: Annotated[dict[str, int], msgspec.Meta(max_length=0)] | None = None
        audio: None = None

    for body, field in ((b'{"bias": {"a": 1}}', "bias"), (b'{"audio": 1}', "audio")):
        with pytest.raises(InvalidRequest) as caught:
            decode(body, Empty)
        assert [(one.field, one.description) for one in caught.value.violations] == [
            (field, "is not supported; leave it out")
        ]


def test_numbers_that_are_too_large_are_named_in_their_order() -> None:
    body = b'{"a":1e400,"b":[1,-1e400,{"":' + b"9" * 5000 + b',"c":1e3}],"d":"1e400"}'
    value, named = json_decode.parsed(body)
    assert [one.field for one in named] == ["a", "b[1]", 'b[2].""']
    assert value["b"][0] == 1
    assert len(json_decode.parsed(b"[" + b"1e400," * 50 + b"1]")[1]) == 16


@pytest.mark.parametrize("path", ["", "a", "a[0].b", "a[0][1].c", "[3]"])
def test_a_path_of_steps(path: str) -> None:
    assert json_decode.path_of(json_decode.steps(path)) == path
