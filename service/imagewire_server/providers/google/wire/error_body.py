"""What an error's body says: Google's error object, or what a proxy or relay has put in its place."""

import re
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

# Of a compressed body: no error needs more.
_MOST_BYTES = 1024 * 1024
# Of words, before keys are looked for in them.
_MOST_WORDS = 8192
_LONGEST_MESSAGE = 2000
_LONGEST_TEXT = 300
_MAGIC = (b"\x1f\x8b", b"x\x01", b"x\x9c", b"x\xda")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Where relays put their words, the most telling first.
_WORDS = ("message", "error_description", "error_message", "detail", "msg", "error", "title", "errors")
_SECRETS = re.compile(
    r"AIza[\w-]{10,}|ya29\.[\w.-]+|AQ\.[\w-]{20,}|sk-[\w-]{16,}|(?<=[?&]key=)[^&\s\"']+|(?<=://)[^/\s@]{1,200}(?=@)"
    r"|(?i:(?<=bearer )[\w.~+/=-]{8,})"
)
_MOST_DETAILS = 64
_SHOWN = frozenset(f"type.googleapis.com/google.rpc.{kind}" for kind in ("BadRequest", "QuotaFailure", "Help"))
_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# What is found in JSON that was cut off.
_CUT = {name: re.compile(rf'"{name}"\s*:\s*"((?:[^"\\]|\\.){{1,9000}})') for name in ("message", "error", "status")}
_CUT_CODE = re.compile(r'"code"\s*:\s*"?(\d{3})\b')


class Said(NamedTuple):
    """error: Google's error object, empty where there is none. message: the words, to be shown by way of `cleaned`.

    form: "json", "text", "html", or "" for an empty body.
    """

    error: dict[str, Any]
    message: str
    form: str


def read(body: bytes) -> Said:
    """What a body says. body: all of it, or its front."""
    text = _text(_unpacked(body)).strip()
    if not text:
        return Said({}, "", "")
    if text[0] == "<":
        front = _front(text)
        title = _TITLE.search(front)
        words = title[1] if title and title[1].strip() else _TAG.sub(" ", front)
        return Said({}, _BLANKS.sub(" ", words), "html")
    json = text.removeprefix("data:").lstrip()
    try:
        return of_json(msgspec.json.decode(json))
    except (msgspec.DecodeError, RecursionError, UnicodeError, ValueError):
        if json[:1] in {"{", "["}:
            return _cut(json)
    return Said({}, _BLANKS.sub(" ", _front(text)), "text")


def of_json(document: object) -> Said:
    """What a JSON document says, or an answer's `error`."""
    if isinstance(document, list):
        document = next((one for one in document if isinstance(one, dict)), document)
    if isinstance(document, dict):
        inner = document.get("error")
        error = inner if isinstance(inner, dict) else document
        return Said(error, _words(document, 4), "json")
    return Said({}, _words(document, 4), "json")


def cleaned(said: Said, secrets: Iterable[str]) -> str:
    """The words as they can be shown: first without keys, then shortened, so that none of a key is left."""
    message = _CONTROL.sub(" ", _without_keys(said.message, secrets)).strip()
    most = _LONGEST_MESSAGE if said.form == "json" else _LONGEST_TEXT
    return message if len(message) <= most else message[: most - 1] + "…"


def shown_details(said: Said, secrets: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """Of an error's details, those that are about the request or the quota, without keys; none where they are long."""
    given = said.error.get("details")
    wanted = [one for one in given[:_MOST_DETAILS] if _is_shown(one)] if isinstance(given, list) else []
    if not wanted:
        return ()
    try:
        text = _without_keys(msgspec.json.encode(wanted).decode(), secrets)
        return tuple(msgspec.json.decode(text, type=list[dict[str, Any]])) if len(text) <= _MOST_WORDS else ()
    except (msgspec.DecodeError, UnicodeEncodeError):
        return ()


def _is_shown(detail: object) -> bool:
    return isinstance(detail, dict) and detail.get("@type") in _SHOWN


def _without_keys(text: str, secrets: Iterable[str]) -> str:
    for header in secrets:
        if secret := header.removeprefix("Bearer "):
            text = text.replace(secret, "[redacted]")
    return _SECRETS.sub("[redacted]", text)


def _unpacked(body: bytes) -> bytes:
    """The body, unpacked if it is compressed, whatever its headers say; as much of it as is whole."""
    if not body.startswith(_MAGIC):
        return body
    try:
        return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(body, _MOST_BYTES)
    except zlib.error:
        return b""


def _text(body: bytes) -> str:
    if body.startswith(_UTF16):
        return body.decode("utf-16", "replace")
    return body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def _cut(json: str) -> Said:
    found = {name: match[1] for name, pattern in _CUT.items() if (match := pattern.search(json))}
    error: dict[str, Any] = {"status": found["status"]} if "status" in found else {}
    if code := _CUT_CODE.search(json):
        error["code"] = int(code[1])
    words = found.get("message") or found.get("error") or ""
    return Said(error, _front(words.replace("\\n", " ").replace('\\"', '"')), "json")


def _words(value: object, levels: int) -> str:
    if isinstance(value, str):
        return _front(value.encode("utf-8", "replace").decode())
    if not levels:
        return ""
    if isinstance(value, list):
        return next((found for one in value[:8] if (found := _words(one, levels - 1))), "")
    if isinstance(value, dict):
        inner = value.get("error")
        # What stands inside `error` says more than what stands next to it.
        if isinstance(inner, dict) and (found := _words(inner, levels - 1)):
            return found
        return next((found for name in _WORDS if (found := _words(value.get(name), levels - 1))), "")
    return ""


def _front(text: str) -> str:
    """The front of a text, up to a whole word: a part of a key would not be known as one."""
    return text if len(text) <= _MOST_WORDS else text[:_MOST_WORDS].rsplit(None, 1)[0]
