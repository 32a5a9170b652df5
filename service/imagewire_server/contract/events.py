"""The events inside the server: the messages of the stream, and chunks that hold the bytes of a picture directly.

protobuf copies bytes when they are put into a message, each time they are read, and when the message is serialized.
Nearly all data here is pictures, so a chunk is not a message; `services/image_chunk` writes it.
"""

from dataclasses import dataclass
from typing import Literal

from imagewire_server.contract import pb


@dataclass(slots=True)
class Chunk:
    """More of a picture, or of other media. The fields are those of pb.ImageChunk and pb.MediaChunk.

    kind: which of the two it is on the wire. sequence: that of the event before it, set by the completion.
    """

    kind: Literal["image_chunk", "media_chunk"]
    candidate_index: int
    part_index: int
    offset: int
    data: bytes
    sequence: int = 0


# A message here never has an image_chunk or media_chunk.
StreamEvent = pb.Event | Chunk
