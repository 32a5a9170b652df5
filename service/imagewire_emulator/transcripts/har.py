"""A recorded call as a file: HAR 1.2, which browsers' developer tools open, with one call in each file.

What HAR has no field for is in `_imagewireEmulator`: `request`, the hash that a request is found by; `chunks`, the time
in milliseconds and the size of each chunk of the answer's body; `hidden`, what the body repeats of the request,
encrypted.
"""

import base64
import contextlib
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imagewire_emulator.transcripts.hidden import Hidden
from imagewire_emulator.transcripts.redact import REDACTED

SUFFIX = ".har"
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer's body, and when it came, in milliseconds after the request."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A redacted request. key: its hash, of the method, path, query and body as they came. body: JSON.

    secret: another hash of the same, which is not written. b"" if it was read from a file.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: Any
    key: str
    secret: bytes = field(default=b"", repr=False)

    @property
    def line(self) -> str:
        """Method, path and query."""
        words = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.path}{'?' if words else ''}{words}"


@dataclass(frozen=True, slots=True)
class Call:
    """A request and its answer. complete: whether the answer's body ended as HTTP says it must.

    hidden: what the body repeats of the request; there it has x's.
    """

    request: Request
    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: tuple[Chunk, ...]
    complete: bool = True
    hidden: Hidden | None = None


def hashes(method: str, path: str, query: Sequence[tuple[str, str]], body: bytes) -> tuple[str, bytes]:
    """Key and secret of a request. The order of a JSON object's names does not matter, nor does its whitespace."""
    with contextlib.suppress(ValueError, RecursionError):
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    line = json.dumps([method, path, sorted(query)]).encode()
    whole = line + b"\n" + body
    return hashlib.sha256(whole).hexdigest()[:32], hashlib.sha256(b"secret\n" + whole).digest()


def write(folder: Path, call: Call, upstream: str, started: datetime) -> Path:
    """Write a call as the next file of a folder. Raises OSError."""
    text = json.dumps(_document(call, upstream, started), ensure_ascii=False, indent=1)
    number = max((int(path.name[:4]) for path in folder.glob(f"[0-9][0-9][0-9][0-9]-*{SUFFIX}")), default=0)
    name = re.sub(r"[^\w.-]", "_", call.request.path.rpartition("/")[2].rpartition(":")[2]) or "call"
    while True:
        number += 1
        file = folder / f"{number:04d}-{name[:60]}{SUFFIX}"
        try:
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except FileExistsError:
            continue
        except OSError:  # half a call would be none
            file.unlink(missing_ok=True)
            raise
        return file


def read(file: Path) -> Call:
    """Read a call. Raises OSError, and ValueError for a file that is none of ours."""
    try:
        (entry,) = json.loads(file.read_text(encoding="utf-8"))["log"]["entries"]
        request, answer, own = entry["request"], entry["response"], entry["_imagewireEmulator"]
        content = answer["content"]
        body = base64.b64decode(content["text"]) if content.get("encoding") == "base64" else content["text"].encode()
        chunks: list[Chunk] = []
        at = 0
        for milliseconds, size in own["chunks"]:
            chunks.append(Chunk(milliseconds, body[at : at + size]))
            at += size
        if at != len(body):
            raise ValueError(f"the body has {len(body)} bytes, its chunks have {at}")
        return Call(
            Request(
                request["method"],
                own["path"],
                _pairs(request["queryString"]),
                _pairs(request["headers"]),
                json.loads(request["postData"]["text"]) if "postData" in request else None,
                own["request"],
            ),
            answer["status"],
            _pairs(answer["headers"]),
            tuple(chunks),
            own["complete"],
            _hidden(own["hidden"]) if "hidden" in own else None,
        )
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"not a recorded call: {type(error).__name__} {error}") from None


def _hidden(value: Any) -> Hidden:
    salt, data = (base64.b64decode(value[name]) for name in ("salt", "data"))
    return Hidden(salt, tuple((at, length) for at, length in value["spans"]), data)


def _shown(hidden: Hidden) -> dict[str, Any]:
    salt, data = (base64.b64encode(value).decode() for value in (hidden.salt, hidden.data))
    return {"salt": salt, "spans": hidden.spans, "data": data}


def _pairs(values: Any) -> tuple[tuple[str, str], ...]:
    return tuple((item["name"], item["value"]) for item in values)


def _named(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _document(call: Call, upstream: str, started: datetime) -> dict[str, Any]:
    request = call.request
    words = "&".join(f"{name}={value}" for name, value in request.query)
    asked: dict[str, Any] = {
        "method": request.method,
        "url": f"{upstream}{request.path}{'?' if words else ''}{words}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(request.headers),
        "queryString": _named(request.query),
        "headersSize": -1,
        "bodySize": -1,
    }
    if request.body is not None:
        asked["postData"] = {"mimeType": "application/json", "text": json.dumps(request.body, ensure_ascii=False)}
    ended = call.chunks[-1].at if call.chunks else 0.0
    waited = call.chunks[0].at if call.chunks else 0.0
    entry = {
        "startedDateTime": started.astimezone(UTC).isoformat(),
        "time": ended,
        "request": asked,
        "response": {
            "status": call.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _named(call.headers),
            "content": _content(call),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": waited, "receive": ended - waited},
        "_imagewireEmulator": {
            "path": request.path,
            "request": request.key,
            "chunks": [[round(chunk.at, 3), len(chunk.data)] for chunk in call.chunks],
            "complete": call.complete,
            **({"hidden": _shown(call.hidden)} if call.hidden else {}),
        },
    }
    log = {"version": "1.2", "creator": {"name": "imagewire-emulator", "version": _VERSION}, "entries": [entry]}
    return {"log": {**log, "comment": f"Values that are not kept are {REDACTED}."}}


def _content(call: Call) -> dict[str, Any]:
    body = b"".join(chunk.data for chunk in call.chunks)
    kind = dict(call.headers).get("content-type", "application/octet-stream")
    made = {"size": len(body), "mimeType": kind}
    try:
        return {**made, "text": body.decode()}
    except UnicodeDecodeError:
        return {**made, "text": base64.b64encode(body).decode(), "encoding": "base64"}
