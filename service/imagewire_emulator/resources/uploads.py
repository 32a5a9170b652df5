"""Files that clients upload, by the resumable protocol, and refer to by their URIs. They are kept in memory."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web

from imagewire_emulator import incoming
from imagewire_emulator.errors import ApiError, invalid
from imagewire_emulator.proto_json import message, number, string, struct
from imagewire_emulator.resources.route import Asked, Json, Route, route
from imagewire_emulator.resources.times import now, stamp
from imagewire_emulator.rules.parts import check_bytes

_LIVES = timedelta(hours=48)
_MOST_FILES = 1000
_MOST_BYTES = 512 * 1024 * 1024
_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_URI = re.compile(r"/v1(?:beta)?/files/([^/:]+)")
_TEXTS = ("name", "displayName", "mimeType", "createTime", "updateTime", "expirationTime", "sha256Hash", "uri")
_FILE = message(
    "File",
    {
        **dict.fromkeys((*_TEXTS, "downloadUri", "state", "source"), string),
        **dict.fromkeys(("error", "videoMetadata"), struct),
        "sizeBytes": number,
    },
)
_CREATE = message("CreateFileRequest", {"file": _FILE})


class Budget:
    """The bytes that all files of a process may have: 512 MiB."""

    def __init__(self) -> None:
        self.left = _MOST_BYTES


@dataclass(slots=True)
class Upload:
    """A file, or what has arrived of it."""

    described: Json
    size: int | None
    data: bytearray = field(default_factory=bytearray)


class Files:
    """The files of one key. budget: shared by all keys."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._whole: dict[str, Upload] = {}
        self._arriving: dict[str, Upload] = {}

    def listed(self) -> list[Json]:
        """What is known of each file, the newest first."""
        return [upload.described for upload in reversed(self._whole.values())]

    def find(self, id_: str) -> Upload:
        """A file. Raises ApiError."""
        if id_ not in self._whole:
            words = f"You do not have permission to access the File {id_[:60]} or it may not exist."
            raise ApiError("PERMISSION_DENIED", words)
        return self._whole[id_]

    def expects(self, upload_id: str) -> bool:
        """Whether an upload with this id has begun."""
        return upload_id in self._arriving

    def start(self, described: Json, size: int | None) -> str:
        """Begin an upload; returns its id. Raises ApiError."""
        if len(self._whole) + len(self._arriving) >= _MOST_FILES:
            raise ApiError(
                "RESOURCE_EXHAUSTED", f"The emulator keeps at most {_MOST_FILES} files of a key: delete some."
            )
        id_ = described.get("name", "").removeprefix("files/") or secrets.token_hex(6)
        if not _ID.fullmatch(id_):
            words = "File name must be files/ and up to 40 of a-z, 0-9 and -, with no - at an end."
            raise invalid(f"* CreateFileRequest.file.name: {words}", "file.name")
        if id_ in self._whole:
            raise ApiError("ALREADY_EXISTS", f"Requested entity already exists: files/{id_}")
        upload_id = secrets.token_urlsafe(16)
        self._arriving[upload_id] = Upload({**described, "name": f"files/{id_}"}, size)
        return upload_id

    def append(self, upload_id: str, offset: int, data: bytes) -> Upload:
        """Add bytes to an upload. Raises ApiError."""
        upload = self._arriving.get(upload_id)
        if upload is None:
            raise ApiError("NOT_FOUND", "Upload not found: it is unknown, or finished.")
        if offset != len(upload.data):
            raise invalid(f"The upload has {len(upload.data)} bytes, and goes on there, not at {offset}.")
        if len(data) > self._budget.left:
            raise ApiError("RESOURCE_EXHAUSTED", "The emulator keeps at most 512 MiB of files: delete some.")
        self._budget.left -= len(data)
        upload.data += data
        return upload

    def finish(self, upload_id: str, origin: str) -> Json:
        """Make a file of an upload. Raises ApiError."""
        upload = self._arriving[upload_id]
        if upload.size is not None and upload.size != len(upload.data):
            raise invalid(f"The upload has {len(upload.data)} bytes; {upload.size} were announced.")
        del self._arriving[upload_id]
        digest = hashlib.sha256(upload.data).hexdigest()
        name, time = upload.described["name"], now()
        upload.described |= {
            "sizeBytes": str(len(upload.data)),
            "createTime": stamp(time),
            "updateTime": stamp(time),
            "expirationTime": stamp(time + _LIVES),
            "sha256Hash": base64.b64encode(digest.encode()).decode(),
            "uri": f"{origin}/v1beta/{name}",
            "state": "ACTIVE",
            "source": "UPLOADED",
        }
        self._whole[name.removeprefix("files/")] = upload
        return upload.described

    def generate(self, id_: str, data: bytes, mime_type: str, origin: str) -> str:
        """Keep a file that the API itself has made; returns its name. Raises ApiError."""
        upload_id = self.start({"name": f"files/{id_}", "mimeType": mime_type}, None)
        self.append(upload_id, 0, data)
        described = self.finish(upload_id, origin)
        described |= {"source": "GENERATED", "downloadUri": f"{described['uri']}:download?alt=media"}
        return str(described["name"])

    def delete(self, id_: str) -> None:
        """Remove a file. Raises ApiError."""
        self._budget.left += len(self.find(id_).data)
        del self._whole[id_]

    def clear(self) -> None:
        """Remove all."""
        self._budget.left += sum(len(upload.data) for upload in (*self._whole.values(), *self._arriving.values()))
        self._whole.clear()
        self._arriving.clear()

    def check(self, request: Json, origin: str, *, vertex: bool) -> None:
        """Refuse a request that names a file of this emulator that is not there, or is no picture. Raises ApiError."""
        for content in request.get("contents", ()):
            for part in content["parts"]:
                for each in (part, *part.get("functionResponse", {}).get("parts", ())):
                    named = each.get("fileData", {})
                    uri = named.get("fileUri", "")
                    match = _URI.fullmatch(uri.removeprefix(origin)) if uri.startswith(origin) else None
                    if match:
                        file = self.find(match[1])
                        check_bytes(named.get("mimeType") or file.described["mimeType"], file.data, vertex=vertex)


async def _start(asked: Asked) -> web.Response:
    headers = asked.request.headers
    command = headers.get("X-Goog-Upload-Command", "")
    if headers.get("X-Goog-Upload-Protocol") != "resumable" or command != "start":
        words = "The emulator takes resumable uploads: X-Goog-Upload-Protocol: resumable, X-Goog-Upload-Command: start."
        raise invalid(words)
    given = _CREATE(await asked.body(), "").get("file", {})
    described: Json = {name: given[name] for name in ("name", "displayName") if given.get(name)}
    described["mimeType"] = given.get("mimeType") or _type(headers)
    size = incoming.natural(headers.get("X-Goog-Upload-Header-Content-Length", ""))
    upload_id = asked.state.files.start(described, size)
    # The upload goes on without a key: its id is enough.
    url = f"{asked.request.url.origin()}/upload/v1beta/files?upload_id={upload_id}&upload_protocol=resumable"
    return web.json_response({}, headers={"X-Goog-Upload-URL": url, "X-Goog-Upload-Status": "active"})


def _type(headers: Any) -> str:
    return str(headers.get("X-Goog-Upload-Header-Content-Type", "application/octet-stream"))


async def upload(files: Files, request: web.Request) -> web.Response:
    """Take bytes of an upload that has begun. Raises ApiError."""
    upload_id = request.query["upload_id"]
    commands = {word.strip() for word in request.headers.get("X-Goog-Upload-Command", "upload, finalize").split(",")}
    if not commands <= {"upload", "finalize"}:
        raise invalid("X-Goog-Upload-Command: must be upload, finalize, or both.")
    offset = incoming.natural(request.headers.get("X-Goog-Upload-Offset", "0"))
    if offset is None:
        raise invalid("X-Goog-Upload-Offset: must be a number.")
    files.append(upload_id, offset, await incoming.body(request))
    if "finalize" not in commands:
        return web.json_response({}, headers={"X-Goog-Upload-Status": "active"})
    described = files.finish(upload_id, str(request.url.origin()))
    return web.json_response({"file": described}, headers={"X-Goog-Upload-Status": "final"})


async def _list(asked: Asked) -> Json:
    return asked.page(asked.state.files.listed(), "files")


async def _get(asked: Asked) -> Json:
    return asked.state.files.find(asked.names["id"]).described


async def _delete(asked: Asked) -> Json:
    asked.state.files.delete(asked.names["id"])
    return {}


async def _download(asked: Asked) -> web.Response:
    found = asked.state.files.find(asked.names["id"])
    return web.Response(body=bytes(found.data), content_type=found.described.get("mimeType", ""))


ROUTES: tuple[Route, ...] = (
    route("POST", "/files", _start, prefix="/upload"),
    route("GET", "/files", _list),
    route("GET", "/files/{id}", _get),
    route("DELETE", "/files/{id}", _delete),
    route("GET", "/files/{id}:download", _download),
)
