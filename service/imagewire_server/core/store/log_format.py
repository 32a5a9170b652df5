"""An answer's events as bytes: records one after another, each with its kind, length and CRC-32 in front.

A picture's bytes are not among them. They are a file of their own, so that they can be downloaded, and be the same file
in several answers; a record says where they begin. Between a picture's first and last byte no other event comes, so the
file is whole when the next record is there.
"""

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Literal

from imagewire_server.contract import pb
from imagewire_server.contract.code import Code
from imagewire_server.contract.errors import Error, Violation
from imagewire_server.contract.events import Chunk

_HEAD = struct.Struct(">cII")
_FILE = struct.Struct(">qIIIc")
_REQUEST, _EVENT, _BEGINS, _END = b"R", b"E", b"F", b"X"
_KINDS: dict[bytes, Literal["image_chunk", "media_chunk"]] = {b"i": "image_chunk", b"m": "media_chunk"}


@dataclass(frozen=True, slots=True)
class FileBegins:
    """Here a file's chunks begin. number: of the file in the answer, from 0. The rest is as in Chunk."""

    sequence: int
    number: int
    candidate_index: int
    part_index: int
    kind: Literal["image_chunk", "media_chunk"]

    def chunk(self, offset: int, data: bytes) -> Chunk:
        """Some bytes of the file as an event."""
        return Chunk(self.kind, self.candidate_index, self.part_index, offset, data, self.sequence)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last record. error: None where the answer is complete.

    answer: the id of the answer whose events these are, "" for those in front of it.
    """

    error: Error | None
    answer: str = ""


Record = pb.Spec | pb.Event | FileBegins | Ended


class NoRecord(ValueError):
    """Bytes that are no record, or are damaged."""


class StoredError(Error):
    """An error as it was kept."""


def request_record(request: pb.Spec) -> bytes:
    """The first record: what was asked, with pictures by their sha256."""
    data = request.SerializeToString()
    return _packed(_REQUEST, data)


def event_record(event: pb.Event) -> bytes:
    """An event as a record."""
    data = event.SerializeToString()
    return _packed(_EVENT, data)


def file_record(chunk: Chunk, number: int) -> bytes:
    """The record of a file's first chunk."""
    kind = b"i" if chunk.kind == "image_chunk" else b"m"
    data = _FILE.pack(chunk.sequence, number, chunk.candidate_index, chunk.part_index, kind)
    return _packed(_BEGINS, data)


def end_record(error: Error | None, answer: str = "") -> bytes:
    """The last record. answer: see Ended."""
    data = b"" if error is None else json.dumps(_fields(error)).encode()
    if answer:
        data = json.dumps({"answer": answer}).encode()
    return _packed(_END, data)


def _packed(kind: bytes, data: bytes) -> bytes:
    return _HEAD.pack(kind, len(data), _crc(kind, data)) + data


def _crc(kind: bytes, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(kind))


class RecordReader:
    """Reads records from bytes that arrive in any pieces."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, data: bytes) -> list[Record]:
        """The records that are complete with these bytes. Raises NoRecord."""
        self._left += data
        found: list[Record] = []
        at = 0
        while at + _HEAD.size <= len(self._left):
            kind, length, crc = _HEAD.unpack_from(self._left, at)
            if at + _HEAD.size + length > len(self._left):
                break
            at += _HEAD.size
            data = self._left[at : at + length]
            if _crc(kind, data) != crc:
                raise NoRecord("a record has other bytes than were written")
            found.append(_record(kind, data))
            at += length
        self._left = self._left[at:]
        return found


def _record(kind: bytes, data: bytes) -> Record:
    if kind == _REQUEST:
        return pb.Spec.FromString(data)
    if kind == _EVENT:
        return pb.Event.FromString(data)
    if kind == _BEGINS:
        sequence, number, candidate, part, letter = _FILE.unpack(data)
        return FileBegins(sequence, number, candidate, part, _KINDS[letter])
    if kind == _END:
        fields = json.loads(data) if data else None
        if fields and "answer" in fields:
            return Ended(None, fields["answer"])
        return Ended(_error(fields) if fields else None)
    raise NoRecord(f"no record of a kept answer is of kind {kind!r}")


def _fields(error: Error) -> dict[str, object]:
    return {
        "code": error.code.value,
        "reason": error.reason,
        "message": error.message,
        "metadata": error.metadata,
        "retry_after": error.retry_after,
        "violations": [(violation.field, violation.description) for violation in error.violations],
        "charged": error.charged,
    }


def _error(fields: dict[str, Any]) -> Error:
    made = StoredError(
        fields["message"],
        metadata=fields["metadata"],
        violations=[Violation(*pair) for pair in fields["violations"]],
        retry_after=fields["retry_after"],
    )
    made.code, made.reason, made.charged = Code(fields["code"]), fields["reason"], fields["charged"]
    return made
