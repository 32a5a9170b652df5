"""What a store knows of an answer and of a picture."""

from dataclasses import dataclass
from enum import Enum

from imagewire_server.contract import part_places, pb
from imagewire_server.contract.errors import Error


class State(Enum):
    """Of a kept answer."""

    RUNNING = "running"  # its owner draws it, as long as the owner lives
    ENDED = "ended"  # its events and how it ended are kept
    FREE = "free"  # it has ended with an error that cost nothing: its request_id may be used again
    NOT_KEPT = "not kept"  # it may have been charged, and its events are gone


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer. caller: the id of who asked for it. request_id: "" where the caller sent none.

    fingerprint: of the request, so that another one under the same id is found out. owner: the process that draws it.
    created, expires: seconds since 1970.
    """

    completion_id: str
    caller: str
    request_id: str
    fingerprint: bytes
    created: float
    expires: float
    owner: str = ""
    state: State = State.RUNNING


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ends. cache_key, answer: see Recorder.end."""

    error: Error | None
    cache_key: bytes = b""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class KeptImage:
    """A picture. sha256: of its bytes. width, height: 0 where they are not known. expires: seconds since 1970."""

    image_id: str
    caller: str
    sha256: bytes
    size: int
    mime_type: str
    width: int
    height: int
    expires: float


def image_of(kept: Kept, part: pb.PartFinished, size: int) -> KeptImage:
    """A picture of an answer, which has ended in `part`. size: of its file, in bytes.

    Other media are kept in the same way, so that their bytes stay as long as the answer; nobody is told their ids.
    """
    image, media = part.image, part.media
    return KeptImage(
        image_id=image.image_id or part_places.written((kept.completion_id, part.candidate_index, part.part_index)),
        caller=kept.caller,
        sha256=image.sha256 or media.sha256,
        size=size,
        mime_type=image.mime_type or media.mime_type,
        width=image.width,
        height=image.height,
        expires=kept.expires,
    )
