"""Bodies of OpenAI's REST: the types that the server reads them by, filled with what they take and what they do not."""

import random
from typing import Any

import msgspec
from msgspec import inspect

from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common import nulls
from imagewire_server.formats.openai.images.request import ImagesRequest
from imagewire_server.formats.openai.responses.request import ITEMS, ResponsesRequest
from tests.fuzz import odd
from tests.fuzz.hostile import values
from tests.fuzz.hostile.case import Case
from tests.fuzz.hostile.mutate import mutated
from tests.fuzz.invent import STYLES
from tests.fuzz.json_text import Obj, Raw, Writer

_MODEL = "gemini/gemini-2.5-flash-image"
ENDPOINTS: dict[str, tuple[type[msgspec.Struct], dict[str, Any]]] = {
    "/v1/chat/completions": (ChatRequest, {"model": _MODEL, "messages": [{"role": "user", "content": "A banana"}]}),
    "/v1/images/generations": (ImagesRequest, {"model": _MODEL, "prompt": "A banana"}),
    "/v1/responses": (ResponsesRequest, {"model": _MODEL, "input": "A banana"}),
}
HEADERS = (
    ("content-type", "text/plain"), ("content-type", "application/json; charset=utf-16"), ("content-type", ""),
    ("content-type", "multipart/form-data"), ("content-encoding", "gzip"), ("content-encoding", "br"),
    ("accept", "*/*;q=0"), ("accept-encoding", "gzip"), ("authorization", "Bearer "), ("authorization", "Basic eDp5"),
    ("x-request-id", "\xff"), ("x-request-id", "a" * 500), ("x-request-id", "a b"), ("expect", "100-continue"),
    ("expect", "x"), ("te", "trailers"), ("cookie", "a" * 4000), ("x-forwarded-for", "127.0.0.1"),
    ("range", "bytes=0-1"), ("if-none-match", "*"), ("upgrade", "h2c"), ("upgrade", "websocket"), ("x-empty", ""),
    ("content-length", "3"), ("forwarded", "for=x"),
    ("host", "x"), ("origin", "https://example.com"), ("origin", "null"), ("sec-fetch-site", "cross-site"),
)  # fmt: skip
METHODS = ("GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "post")
PATHS = (
    "/v1/models", "/v1/models/%00", "/v1/models/..%2f..", "/health", "/metrics", "/openapi.json", "/", "/docs", "//",
    "/v1", "/v1/chat/completions/", "/chat/completions", "/responses?x=%ff", "/v1/images/edits",
    "/v1/%63hat/completions", "/v1/models/" + "a" * 5000,
)  # fmt: skip
_WRONG: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, "", "x", "1", [], {}, [None], [[]], {"": 1}, {"type": "x"}, {"type": None}, [{}],
)  # fmt: skip
_LITERALS = (
    b"1e400", b"-1e400", b"1E5", b"-0", b"123456789012345678901234567890", b"NaN", b"Infinity", b'"\\ud800"', b"01",
    b"1.", b'"\\u0000"', b"'x'", b"tru", b'"a\tb"', b"0.1e-999999999", b"1" + b"0" * 5000, b'"\xed\xa0\x80"',
    b'{"a":1,"a":[]}',
)  # fmt: skip
_HEAVY = (
    b"null", b"0", b"{}", b"[]", b'""', b'{"a":0}', b'{"role":"user","content":"x"}', b'{"type":"text","text":""}',
    b"1.5", b"[[]]",
)  # fmt: skip


class Filler:
    """Fills types. wild: how often a value is odd."""

    def __init__(self, rng: random.Random, wild: float) -> None:
        self._rng = rng
        self._wild = wild

    def of(self, kind: inspect.Type, name: str = "", depth: int = 0) -> Any:
        """A value of a type, or one that is not. name: of the field."""
        rng = self._rng
        if rng.random() < self._wild:
            return self._odd()
        one = rng.choice(list(nulls.alternatives(kind)))
        if isinstance(one, inspect.StructType):
            return self.struct(one, depth + 1)
        if isinstance(one, inspect.ListType):
            if name == "input":
                item = rng.choice(list(ITEMS.values()))
                return [self.struct(inspect.type_info(item), depth + 1) for _ in range(rng.choice([1, 2]))]  # type: ignore[arg-type]
            return [
                self.of(one.item_type, name, depth + 1) for _ in range(rng.choice([0, 1, 1, 2, 3]) if depth < 9 else 0)
            ]
        if isinstance(one, inspect.DictType):
            return Obj(
                (values.text("name", rng, 0.3), self.of(one.value_type, name, depth + 1))
                for _ in range(rng.choice([0, 1, 2]))
            )
        return self._scalar(one, name)

    def _scalar(self, one: inspect.Type, name: str) -> Any:
        rng = self._rng
        if isinstance(one, inspect.LiteralType):
            return rng.choice(one.values)
        if isinstance(one, inspect.StrType):
            return values.text(name, rng, self._wild)
        if isinstance(one, inspect.IntType):
            return rng.randint(0, 3) if rng.random() < 0.7 else rng.choice(values.NUMBERS)
        if isinstance(one, inspect.FloatType):
            return rng.choice([rng.random(), 2, 0, -2, 1e308])
        if isinstance(one, inspect.BoolType):
            return rng.random() < 0.5
        return None if isinstance(one, inspect.NoneType) else odd.value(rng)[0]

    def struct(self, kind: inspect.StructType, depth: int = 0, most: int = 3) -> Obj:
        """An object: all that must be there, and some of what may."""
        rng = self._rng
        must = [one for one in kind.fields if one.required]
        may = [one for one in kind.fields if not one.required]
        chosen = [*must, *rng.sample(may, min(len(may), rng.randint(0, most if depth < 9 else 0)))]
        made = Obj((one.encode_name, self.of(one.type, one.encode_name, depth)) for one in chosen)
        if kind.tag_field is not None:
            made.append((kind.tag_field, kind.tag))
        if rng.random() < self._wild:
            made.append((rng.choice(["x", "", "\0", "stream_", "a" * 300, "`", "$", "[0]"]), self._odd()))
        if rng.random() < self._wild / 4 and made:
            made.append(rng.choice(made))
        rng.shuffle(made)
        return made

    def _odd(self) -> Any:
        rng = self._rng
        chance = rng.random()
        if chance < 0.5:
            return rng.choice(_WRONG)
        if chance < 0.8:
            return Raw(rng.choice(_LITERALS))
        return odd.value(rng, rng.choice(odd.SORTS))[0]


def _heavy(rng: random.Random) -> Raw:
    """Small values very often, or deep."""
    if rng.random() < 0.4:
        return odd.deep(rng.choice([100, 1000, 100_000, 1_000_000]), rng)[0]
    piece = rng.choice(_HEAVY)
    size = rng.choice([50_000, 500_000, 8_000_000])
    listed = b",".join([piece] * (size // (len(piece) + 1)))
    if rng.random() < 0.2:
        return Raw(b'{"a":' + listed.replace(b",", b',"a":', 1000) + b"}" if len(piece) < 5 else b"[" + listed + b"]")
    return Raw(b"[" + listed + b"]")


def body(path: str, rng: random.Random) -> bytes:
    """A body for an endpoint."""
    kind, valid = ENDPOINTS[path]
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    wild = rng.choice([0.0, 0.0, 0.05, 0.05, 0.2, 0.6])
    filler = Filler(rng, wild)
    fields = {one.encode_name: one.type for one in info.fields}
    made = Obj(valid.items())
    for name in rng.sample(list(fields), rng.choice([0, 1, 1, 2, 3, 6])):
        value = _heavy(rng) if rng.random() < 0.006 else filler.of(fields[name], name)
        made = Obj([*(pair for pair in made if pair[0] != name or rng.random() < wild / 2), (name, value)])
    if rng.random() < wild:
        made = filler.struct(info, most=30)
    if rng.random() < 0.3:
        rng.shuffle(made)
    writer = Writer(tuple(rng.sample(STYLES, rng.choice([0, 0, 1, 2]))), rng)
    text: bytes = writer.write(made if rng.random() < 0.98 else [made])
    chance = rng.random()
    if chance < 0.03:
        ways = (
            b"\xef\xbb\xbf" + text,
            text.decode(errors="replace").encode("utf-16"),
            text * 2,
            b"",
            b"null",
            text + b"\0",
        )
        return rng.choice((*ways, b" " * 100_000 + text))
    return mutated(text, rng) if chance < 0.1 else text


def invent(seed: int) -> Case:
    """A request to one of the endpoints that take JSON."""
    rng = random.Random(f"rest/{seed}")
    path = rng.choices(list(ENDPOINTS), [4, 2, 4])[0]
    data = body(path, rng)
    headers = [("content-type", "application/json")]
    if rng.random() < 0.15:
        headers = [*(headers if rng.random() < 0.5 else []), *rng.sample(HEADERS, rng.choice([1, 2, 4]))]
    if rng.random() < 0.05:
        headers.append(("transfer-encoding", "chunked"))
        at = rng.randint(0, len(data))
        data = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (data[:at], data[at:]) if part) + b"0\r\n\r\n"
    odd_request = rng.random()
    method = rng.choice(METHODS) if odd_request < 0.03 else "POST"
    if 0.02 < odd_request < 0.06:
        path = rng.choice(PATHS)
    return Case("rest", data, {"method": method, "path": path, "headers": headers}, str(seed))
