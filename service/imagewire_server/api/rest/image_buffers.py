"""The bytes of pictures that an answer needs a second time, and how an encoder's pieces are written with them."""

from collections.abc import AsyncIterator, Collection, Iterable

import pybase64

from imagewire_server.api.rest.response import Response
from imagewire_server.api.rest.temp_buffer import TempBuffer
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.formats.openai.common.encoder import Encoder, ImageRef, Key, Piece

_MUCH = 128 * 1024


class ImageBuffers:
    """The pictures, and other media, whose bytes are needed again. everything: all of them, to the end."""

    def __init__(self, *, everything: bool = False) -> None:
        self._everything = everything
        self._buffers: dict[Key, TempBuffer] = {}

    async def take(self, chunk: Chunk, needs: Collection[Key] = ()) -> None:
        """Keep the bytes of a chunk if its part is needed."""
        key = chunk.candidate_index, chunk.part_index
        if self._everything or key in needs:
            await self._buffers.setdefault(key, TempBuffer()).write(chunk.data)

    async def base64(self, key: Key) -> AsyncIterator[bytes]:
        """Yield the base64 of a kept part, piece by piece."""
        async for piece in self.pieces(key):
            yield pybase64.b64encode(piece)

    def pieces(self, key: Key) -> AsyncIterator[bytes]:
        """The bytes of a kept part. The length of each piece but the last is a multiple of 3."""
        return self._buffers[key].pieces()

    def forget(self, needs: Collection[Key]) -> None:
        """Drop all others."""
        if self._everything:
            return
        for key in [key for key in self._buffers if key not in needs]:
            self._buffers.pop(key).close()

    def close(self) -> None:
        """Drop everything."""
        while self._buffers:
            self._buffers.popitem()[1].close()


async def pass_on(events: list[StreamEvent], encoder: Encoder, buffers: ImageBuffers, response: Response) -> None:
    """Write what events add, in one step; keep what is needed again."""
    ready: list[bytes] = []
    for event in events:
        if isinstance(event, Chunk):
            pieces = encoder.feed_chunk(event)
            await buffers.take(event, encoder.needs)
            if pieces:
                await _gather(pieces, ready, buffers, response)
        elif pieces := encoder.feed(event.WhichOneof("event"), event):
            await _gather(pieces, ready, buffers, response)
            buffers.forget(encoder.needs)
    if ready:
        await response.write(b"".join(ready))


async def write(pieces: Iterable[Piece], buffers: ImageBuffers, response: Response) -> None:
    """Write pieces; adjacent bytes in one step."""
    ready: list[bytes] = []
    await _gather(pieces, ready, buffers, response)
    if ready:
        await response.write(b"".join(ready))


async def _gather(pieces: Iterable[Piece], ready: list[bytes], buffers: ImageBuffers, response: Response) -> None:
    """Add pieces to the bytes that are ready; write them when there are many."""
    for piece in pieces:
        if isinstance(piece, ImageRef):
            async for encoded in buffers.base64(piece.key):
                ready.append(encoded)
                if len(encoded) >= _MUCH:
                    await response.write(b"".join(ready))
                    ready.clear()
        else:
            ready.append(piece)
