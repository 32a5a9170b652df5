"""Events are numbered, and their files hashed."""

import hashlib

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Internal
from imagewire_server.contract.events import Chunk
from imagewire_server.core.numbering import Numbering


def drawn(numbering: Numbering) -> pb.Event:
    """The end of a picture that was numbered; chunks repeat the number before them."""
    started = pb.Event(part_started=pb.PartStarted(kind=pb.PartKind.PART_KIND_IMAGE))
    assert numbering.number(started) == "part_started"
    chunks = [Chunk("image_chunk", 0, 0, at, b"x") for at in range(2)]
    for chunk in chunks:
        numbering.number_chunk(chunk)
    finished = pb.Event(part_finished=pb.PartFinished(image=pb.Image(size_bytes=2)))
    assert numbering.number(finished) == "part_finished"
    assert [event.sequence for event in (started, *chunks, finished)] == [1, 1, 1, 2]
    return finished


def test_a_file_is_hashed_where_somebody_needs_it() -> None:
    assert drawn(Numbering()).part_finished.image.sha256 == b""
    numbering = Numbering()
    numbering.hash_files()
    assert drawn(numbering).part_finished.image.sha256 == hashlib.sha256(b"xx").digest()


def test_bytes_that_are_a_message_are_a_fault() -> None:
    with pytest.raises(Internal, match="Chunk"):
        Numbering().number(pb.Event(image_chunk=pb.ImageChunk(data=b"x")))
