"""Removes secrets from a call before it is written: credentials, prompts, input pictures, the caller's own names.

Headers, query parameters and text fields are kept only if they are listed here. A field that Google adds is redacted
until somebody lists it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from imagewire_emulator.schema import NAMES

REDACTED = "REDACTED"

_REQUEST_HEADERS = (
    "accept",
    "content-type",
    "user-agent",
    "x-goog-api-client",
    "x-goog-upload-command",
    "x-goog-upload-header-content-length",
    "x-goog-upload-header-content-type",
    "x-goog-upload-offset",
    "x-goog-upload-protocol",
)
ANSWER_HEADERS = (
    "content-type",
    "retry-after",
    "x-goog-upload-chunk-granularity",
    "x-goog-upload-status",
    "x-goog-upload-url",
)
_CREDENTIAL_HEADERS = ("authorization", "cookie", "proxy-authorization", "x-goog-api-key")
_CREDENTIAL_PARAMETERS = ("access_token", "key", "oauth_token", "upload_id")
_QUERY = ("alt", "$alt", "pageSize", "upload_protocol", "uploadType")
# A text is kept if it looks like a constant of Google's API, and its field is listed or is an option of the drawing.
_KEPT_FIELDS = {"method", "mimetype", "role", "servicetier"}
_OPTIONS = {"generationconfig", "safetysettings"}
_CONSTANT = re.compile(
    r"user|model|function|(?:application|audio|image|text|video)/[a-z0-9.+*-]{1,40}"
    r"|\d{1,2}:\d{1,2}|\d{1,3}K?|[A-Z][A-Z_]{1,50}|Text|Image"
)
# Fields whose keys are the caller's own.
_FREE_FORM = {
    "args",
    "labels",
    "parameters",
    "parametersjsonschema",
    "partmetadata",
    "response",
    "responsejsonschema",
    "responseschema",
    "stopsequences",
}
# Names of the API that are in no generateContent request: of files, batches, caches, and `:predict`.
_OTHER_NAMES = {
    "batch",
    "displayname",
    "file",
    "filename",
    "generatecontentrequest",
    "inputconfig",
    "instances",
    "key",
    "metadata",
} | {"expiretime", "name", "priority", "prompt", "request", "requests", "sizebytes", "ttl"}
_NAMES = {name.lower() for name in NAMES}
_LEAST = 8  # a shorter text is no secret by itself, and masking it would destroy words of the answer


def request_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of a request that are kept; of the others, only the name."""
    return [(name, value if name.lower() in _REQUEST_HEADERS else REDACTED) for name, value in headers]


def query(text: str) -> list[tuple[str, str]]:
    """The parameters of a URL, with the values that are not listed redacted."""
    return [(name, value if name in _QUERY else REDACTED) for name, value in parse_qsl(text, keep_blank_values=True)]


def credentials(headers: Iterable[tuple[str, str]], text: str) -> set[str]:
    """The secrets that came in headers, and in a URL's query."""
    found = {value for name, value in parse_qsl(text) if name in _CREDENTIAL_PARAMETERS}
    for name, value in headers:
        if name.lower() in _CREDENTIAL_HEADERS:
            found |= {value, value.rpartition(" ")[2]}
    return {value for value in found if len(value) >= _LEAST}


def body(data: bytes, *, keep_inputs: bool) -> Any:
    """The JSON value of a request's body, redacted; the number of bytes for anything else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return f"{REDACTED} ({len(data)} bytes)" if data else None
    return _redacted(value, "", keep_inputs=keep_inputs)


def _redacted(value: Any, name: str, *, keep_inputs: bool, option: bool = False) -> Any:
    known = _plain(name)
    option = option or known in _OPTIONS
    match value:
        case _ if known in _FREE_FORM:
            return REDACTED
        case dict():
            made: dict[str, Any] = {}
            for key, item in value.items():
                shown = key if _is_known(key) else f"{REDACTED} name {len(made) + 1}"
                kept = keep_inputs and key == "data"
                made[shown] = item if kept else _redacted(item, key, keep_inputs=keep_inputs, option=option)
            return made
        case list():
            return [_redacted(item, name, keep_inputs=keep_inputs, option=option) for item in value]
        case str() if not ((option or known in _KEPT_FIELDS) and _CONSTANT.fullmatch(value)):
            return f"{REDACTED} ({len(value)} characters)"
    return value


def _is_known(name: str) -> bool:
    """Whether it is a name of the API, and so not the caller's."""
    return _plain(name) in _OTHER_NAMES or _plain(name) in _NAMES


def names(data: bytes) -> set[str]:
    """The names in a request's JSON that are the caller's own."""
    try:
        return {name for name in _names(json.loads(data)) if len(name) >= _LEAST and not _is_known(name)}
    except (ValueError, RecursionError):
        return set()


def _names(value: Any) -> Iterator[str]:
    match value:
        case dict():
            yield from value
            for item in value.values():
                yield from _names(item)
        case list():
            for item in value:
                yield from _names(item)


def _plain(name: str) -> str:
    """A field's name, the same for camelCase and snake_case."""
    return name.lower().replace("_", "")


def texts(data: bytes) -> set[str]:
    """The texts of a request that an answer must not repeat: all of the caller's, not those of the model's turns."""
    try:
        return {text for text in _texts(json.loads(data)) if len(text) >= _LEAST and not _CONSTANT.fullmatch(text)}
    except (ValueError, RecursionError):
        return set()


def _texts(value: Any) -> Iterator[str]:
    match value:
        case {"role": "model"}:
            return
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
        case str():
            yield value


def kept_answer_headers(headers: Mapping[str, str], upstream: str) -> list[tuple[str, str]]:
    """The headers of an answer that are kept. An address at the upstream loses its host and its secrets."""
    kept = [(name.lower(), value) for name, value in headers.items() if name.lower() in ANSWER_HEADERS]
    return [(name, _relative(value, upstream) if name == "x-goog-upload-url" else value) for name, value in kept]


def _relative(url: str, upstream: str) -> str:
    path, _, text = url.removeprefix(upstream).partition("?")
    return f"{path}?{'&'.join(f'{name}={value}' for name, value in query(text))}"
