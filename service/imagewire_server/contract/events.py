"""What passes inside the server: the stream's own messages, and chunks that hold a picture's bytes as they are.

protobuf copies bytes when they are put into a message, each time they are asked for, and when the message is
serialized. Pictures are nearly all that passes here, so a chunk is no message: `api/grpc/image_chunk` writes it.
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


# A message here is never one with an image_chunk or media_chunk of its own.
StreamEvent = pb.Event | Chunk
