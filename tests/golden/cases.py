"""The golden cases: our request ↔ Google's request, and Google's answer ↔ our events.

Each folder under cases/ holds spec.json (a Spec), request.json (the body that goes upstream), answer.sse or answer.json
(the body that comes back) and events.json (what is made of it; a picture's chunks joined; an error as its last entry).
UPDATE_GOLDEN=1 writes events.json anew: read the difference before you commit it.
"""

import base64
import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.image_hash import ImageHashes
from imagewire_server.providers.google.wire import Reader
from tests.event_forms import message

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """One folder."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def spec(self) -> pb.Spec:
        return ParseDict(json.loads((self.folder / "spec.json").read_text()), pb.Spec())

    @property
    def request(self) -> Any:
        return json.loads((self.folder / "request.json").read_text())

    @property
    def sse(self) -> bool:
        return (self.folder / "answer.sse").exists()

    @property
    def answer(self) -> bytes:
        return (self.folder / ("answer.sse" if self.sse else "answer.json")).read_bytes()

    @property
    def events_file(self) -> Path:
        return self.folder / "events.json"

    @property
    def events(self) -> Any:
        return json.loads(self.events_file.read_text())

    @property
    def fails(self) -> bool:
        """Whether the answer ends in an error: such a case's name says so."""
        return self.name.startswith("error-")


CASES = [Case(folder) for folder in sorted(FOLDER.iterdir())]
WHOLE = [case for case in CASES if not case.fails]


def read(body: bytes, pieces: Iterable[bytes] | None = None) -> list[dict[str, Any]]:
    """The body's events as golden files have them; an error, as the last entry, in place of the rest."""
    reader = Reader()
    events: list[StreamEvent] = []
    error: dict[str, Any] | None = None
    try:
        for piece in [body] if pieces is None else pieces:
            reader.feed(piece, events)
        reader.close(events)
    except Error as failed:
        error = {"error": {"code": failed.code.name, "reason": failed.reason, "charged": failed.charged}}
        if failed.retry_after is not None:
            error["error"]["retry_after"] = failed.retry_after
    return [*joined(hashed(events)), *([error] if error else [])]


def hashed(events: list[StreamEvent]) -> list[StreamEvent]:
    """The same events, their pictures hashed as the engine does it."""
    hashes = ImageHashes()
    for event in events:
        if isinstance(event, Chunk):
            hashes.add(event)
        elif event.HasField("part_finished"):
            hashes.finish(event.part_finished)
    return events


def _shown(event: pb.Event) -> dict[str, Any]:
    return MessageToDict(event, preserving_proto_field_name=True)


@functools.lru_cache(4096)
def _shown_once(event: bytes) -> dict[str, Any]:
    """The same, of one that many readings of an answer have in common."""
    return _shown(pb.Event.FromString(event))


def joined(events: Iterable[StreamEvent]) -> list[dict[str, Any]]:
    """Events as JSON, neighbouring chunks of one picture as one."""
    made: list[dict[str, Any]] = []
    for event in events:
        shown = _shown(message(event)) if isinstance(event, Chunk) else _shown_once(event.SerializeToString())
        kind = next((kind for kind in ("image_chunk", "media_chunk") if kind in shown), "")
        chunk, before = shown.get(kind), made[-1].get(kind) if made else None
        if chunk and before:
            assert int(chunk["offset"]) == len(base64.b64decode(before["data"])), "a chunk's offset leaves a gap"
            before["data"] = base64.b64encode(
                base64.b64decode(before["data"]) + base64.b64decode(chunk["data"])
            ).decode()
        else:
            made.append(shown)
    return made
