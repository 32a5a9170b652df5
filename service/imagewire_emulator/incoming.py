"""Reads what callers send: bodies, their JSON, numbers in URLs and headers. Whatever is sent, an ApiError is the worst.

Python's own readers are too lenient (NaN, numbers of any length, half of a surrogate pair), and what they let through
cannot be written as JSON again, as the list of requests does.
"""

import json
import math
import re
import zlib
from typing import Any

from aiohttp import web

from imagewire_emulator.errors import invalid

MAX_BODY = 100 * 1024 * 1024
_TOO_LARGE = f"Request payload size exceeds the limit: {MAX_BODY} bytes."
_BAD_JSON = "Invalid JSON payload received."
_PLAIN = ("", "identity")
_COMPRESSED = ("gzip", "x-gzip", "deflate")
_ANY_FORMAT = zlib.MAX_WBITS | 32  # gzip's or zlib's, as its first bytes say
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LAST_HIGH_SURROGATE = "\udbff"
_NATURAL = re.compile(r"[0-9]{1,18}")
_DEEPEST = 100
_LONGEST_INTEGER = 20  # digits and sign of what may fit into 64 bits


async def body(request: web.Request) -> bytes:
    """The body, decompressed. Raises ApiError."""
    try:
        data = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise invalid(_TOO_LARGE) from None
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in _PLAIN:
        return data
    if encoding not in _COMPRESSED:
        raise invalid(f"Content-Encoding: {readable(encoding)[:40]!r} is not taken: send gzip, or no encoding.")
    reader = zlib.decompressobj(_ANY_FORMAT)
    try:
        plain = reader.decompress(data, MAX_BODY)
    except zlib.error:
        raise invalid(f"The body is not {encoding}, as Content-Encoding says.") from None
    if reader.unconsumed_tail:
        raise invalid(_TOO_LARGE)
    if not reader.eof:
        raise invalid(f"The body is not {encoding}, as Content-Encoding says: its end is missing.")
    return plain


def parse(data: bytes | bytearray) -> Any:
    """A JSON value. A number that does not fit into 64 bits is a double, as Google reads it. Raises ApiError."""
    try:
        value = json.loads(data, parse_int=_integer, parse_float=_double, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid(f"{_BAD_JSON} Expected a value.") from None
    if data.count(b"{") + data.count(b"[") > _DEEPEST:
        _check_depth(value)
    if _SURROGATE.search(data):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            high = error.object[error.start] <= _LAST_HIGH_SURROGATE
            words = "Missing low surrogate." if high else "Invalid unicode code point."
            raise invalid(f"{_BAD_JSON} {words}") from None
    return value


def natural(text: str) -> int | None:
    """A number of a URL or a header, from 0; None for anything else."""
    return int(text) if _NATURAL.fullmatch(text) else None


def readable(text: str) -> str:
    """A text of a header or a URL, without the bytes that are no UTF-8."""
    return text.encode(errors="replace").decode()


def _check_depth(value: Any) -> None:
    """Refuse what is nested deeper than functions that call themselves could follow."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
        ]
        if not level:
            return
    raise invalid(f"{_BAD_JSON} Message too deep. Max recursion depth reached.")


def _integer(digits: str) -> int | float:
    if len(digits) > _LONGEST_INTEGER:
        return _double(digits)
    value = int(digits)
    return value if -(2**63) <= value < 2**64 else float(value)


def _double(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise invalid(f"{_BAD_JSON} Number exceeds the range of double.")
    return value


def _no_constant(_: str) -> float:
    raise invalid(f"{_BAD_JSON} Unexpected token.")
