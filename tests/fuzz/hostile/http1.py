"""Bytes to the REST port that are not quite HTTP/1.1."""

import random

from tests.fuzz.hostile.case import Case
from tests.fuzz.hostile.mutate import mutated

_CHAT = b'{"model":"gemini/gemini-2.5-flash-image","messages":[{"role":"user","content":"A banana"}]}'
_STREAM = _CHAT[:-1] + b',"stream":true}'
_LINES = (
    b"GET / HTTP/1.1", b"GET /v1/models HTTP/1.1", b"POST /v1/chat/completions HTTP/1.1", b"GET / HTTP/1.0",
    b"GET / HTTP/0.9", b"GET / HTTP/2.0", b"GET /", b"PRI * HTTP/2.0", b"CONNECT x:443 HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"GET http://x/v1/models HTTP/1.1", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 ",
    b"get / http/1.1", b"POST / HTTP/1.1", b"HEAD /v1/models HTTP/1.1", b"\x16\x03\x01\x02\0",
    b"GET /%zz?%00#x HTTP/1.1", b"GET /v1/models/\xff HTTP/1.1", b"GET " + b"/a" * 20_000 + b" HTTP/1.1",
    b"M-SEARCH * HTTP/1.1",
)  # fmt: skip
_HEADERS = (
    b"host: localhost", b"host: localhost", b"host: 127.0.0.1:1", b"host: x", b"Host: a\r\nhost: b", b"host:",
    b"connection: close", b"connection: keep-alive", b"connection: upgrade\r\nupgrade: websocket",
    b"upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__", b"content-length: 0", b"content-length: 5",
    b"content-length: -1", b"content-length: 5, 5", b"content-length: 5\r\ncontent-length: 6",
    b"content-length: 99999999999999999999", b"content-length: +5", b"content-length: 0x5",
    b"transfer-encoding: chunked", b"transfer-encoding: gzip, chunked", b"transfer-encoding: identity",
    b"transfer-encoding: chunked\r\ncontent-length: 5", b"transfer-encoding : chunked",
    b"Transfer-Encoding:\tchunked", b"expect: 100-continue", b"x: \0", b"x: a\rb", b"x: a\nb", b" folded: x", b": x",
    b"x", b"x:" + b" a" * 40_000, b"x\xff: y", b"content-type: application/json", b"te: trailers", b"x: " * 3000,
)  # fmt: skip
_BODIES = (
    b"", b"5\r\nhello\r\n0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\n",
    b"5\r\nhelloX", b"0\r\n\r\n", b"hello", b"1\r\na\r\n" * 2000 + b"0\r\n\r\n",
    b"5" + b";x" * 9000 + b"\r\nhello\r\n0\r\n\r\n", b"0\r\n" + b"a: b\r\n" * 9000 + b"\r\n", b"\r\n" * 500, _CHAT,
)  # fmt: skip


def _whole(body: bytes, rng: random.Random) -> bytes:
    """A call as it should be, in one of the ways."""
    lines = [b"POST /v1/chat/completions HTTP/1.1", b"host: localhost", b"content-type: application/json"]
    if rng.random() < 0.3:
        at = rng.randint(1, len(body) - 1)
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:at], body[at:], b""))
        return b"\r\n".join([*lines, b"transfer-encoding: chunked", b"", b""]) + chunks
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", b""]) + body


def invent(seed: int) -> Case:
    """The bytes of a connection: one request, or several on end."""
    rng = random.Random(f"http1/{seed}")
    data = b""
    for _ in range(rng.choice([1, 1, 1, 2, 3, 20])):
        if rng.random() < 0.5:
            made = _whole(rng.choice([_CHAT, _CHAT, _STREAM, b"{}"]), rng)
        else:
            headers = rng.sample(_HEADERS, rng.choice([0, 1, 2, 3, 6]))
            line = rng.choice([b"\r\n"] * 9 + [b"\n", b"\r"])
            made = line.join([rng.choice(_LINES), *headers, b"", b""]) + rng.choice(_BODIES)
        data += mutated(made, rng) if rng.random() < 0.4 else made
    if rng.random() < 0.02:
        data = rng.choice((rng.randbytes(3000), b"\r\n" * 60_000, b"a" * 100_000, b"\0" * 3000))
    return Case("http1", data, {}, str(seed))
