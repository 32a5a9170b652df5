"""Pictures that callers upload, download and delete."""

import hashlib
import secrets
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

from imagewire_server.contract import image_header, image_rules, pb
from imagewire_server.contract.errors import InvalidRequest, Overloaded, Violation
from imagewire_server.contract.keep_errors import ImageDamaged, ImageNotFound, KeepOff, StoreUnavailable
from imagewire_server.core.store import checked
from imagewire_server.core.store.records import KeptImage
from imagewire_server.core.store.store import Damaged, NoRoom, Store, StoreDown, Upload

_DESCRIBED = frozenset({"mime_type", "width", "height", "size_bytes", "sha256"})
_MOST_IN_CHUNK = 2 * 1024 * 1024
_NO_ROOM = (
    "uploads and drawings that are not finished leave no room for this picture (keep_max_bytes): upload it again in a"
    " moment, or send it in the request, as Image.data"
)


class KeptImages:
    """The pictures of a store. max_bytes: of an upload."""

    def __init__(self, store: Store | None, max_bytes: int) -> None:
        self._maybe_store = store
        self._max_bytes = max_bytes

    @property
    def _store(self) -> Store:
        if self._maybe_store is None:
            raise KeepOff("this server keeps no pictures: send them in the request, as Image.data")
        return self._maybe_store

    @property
    def is_down(self) -> bool:
        """Whether answers and pictures should be kept, and the store is known not to work."""
        return self._maybe_store is not None and self._maybe_store.is_down

    def receive(self, caller: str, image: pb.Image) -> "Received":
        """Begin an upload of the picture that `image` describes. Raises InvalidRequest where that is not enough."""
        store = self._store
        found = list(_describes(image, self._max_bytes, store.most))
        if found:
            raise InvalidRequest(found)
        return Received(store, caller, image)

    @property
    def ttl(self) -> float:
        """Seconds that a picture is kept. Raises KeepOff."""
        return self._store.ttl

    async def find(self, caller: str, image_id: str) -> KeptImage:
        """What is known of a picture. Raises ImageNotFound."""
        try:
            kept = await self._store.image(caller, image_id=image_id)
        except StoreDown as error:
            raise _unavailable() from error
        if kept is None:
            raise _not_found()
        return kept

    async def open(
        self, caller: str, image_id: str, offset: int, size: int
    ) -> tuple[pb.Image, AsyncGenerator[bytes, None]]:
        """A picture, and its bytes as of `read`. Raises ImageNotFound and InvalidRequest."""
        kept = await self.find(caller, image_id)
        if offset > kept.size:
            words = f"is {offset}, and the picture has {kept.size} bytes; send how many have arrived"
            raise InvalidRequest([Violation("offset", words)])
        return _message(kept), await self.read(kept, offset, size)

    async def read(self, kept: KeptImage, offset: int, size: int) -> AsyncGenerator[bytes, None]:
        """The bytes of a picture from an offset on, in pieces of a size.

        Raises ImageDamaged for what is damaged: where its size tells, at once, else in place of the last pieces.
        """
        store = self._store
        try:
            await checked.check_size(store, kept)
        except (Damaged, StoreDown) as error:
            raise await _lost(store, kept, error) from error
        return _pieces(store, kept, offset, size)

    async def delete(self, caller: str, image_id: str) -> None:
        """Remove a picture. Raises ImageNotFound."""
        try:
            if not await self._store.delete_image(caller, image_id):
                raise _not_found()
        except StoreDown as error:
            raise _unavailable() from error


class Received:
    """A picture that arrives. Use as an async context manager: what is not finished leaves nothing behind."""

    def __init__(self, store: Store, caller: str, image: pb.Image) -> None:
        self._store = store
        self._caller = caller
        self._image = image
        self._upload: Upload = store.upload()
        self._hash = hashlib.sha256()
        self._head = b""
        self._size = 0

    async def __aenter__(self) -> "Received":
        await self._upload.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._upload.__aexit__(*error)

    async def take(self, offset: int, data: bytes) -> None:
        """The next bytes. Raises InvalidRequest where they do not follow, or are too many, and Overloaded."""
        if offset != self._size:
            words = f"is {offset}, and {self._size} bytes have arrived; send the pieces in order, without gaps"
            raise InvalidRequest([Violation("chunk.offset", words)])
        if not 0 < len(data) <= _MOST_IN_CHUNK:
            raise InvalidRequest([Violation("chunk.data", f"has {len(data)} bytes; 1 to {_MOST_IN_CHUNK} are allowed")])
        self._size += len(data)
        if self._size > self._image.size_bytes:
            words = f"is {self._image.size_bytes}, and more bytes have arrived; send the size of the whole file"
            raise InvalidRequest([Violation("image.size_bytes", words)])
        self._hash.update(data)
        if len(self._head) < image_header.ENOUGH:
            self._head += data[: image_header.ENOUGH - len(self._head)]
        try:
            await self._upload.write(data)
        except StoreDown as error:
            raise _unavailable() from error
        except NoRoom as error:
            raise Overloaded(_NO_ROOM, retry_after=1.0) from error

    async def finish(self, now: float) -> pb.Image:
        """All of it is there: keep it. Raises InvalidRequest where it is not what was announced."""
        found = list(self._differences())
        if found:
            raise InvalidRequest(found)
        header = image_header.read(self._head)
        kept = KeptImage(
            image_id=f"img-{secrets.token_hex(16)}",
            caller=self._caller,
            sha256=self._hash.digest(),
            size=self._size,
            mime_type=self._image.mime_type,
            width=(header and header.width) or 0,
            height=(header and header.height) or 0,
            expires=now + self._store.ttl,
        )
        try:
            await self._upload.save(kept)
        except StoreDown as error:
            raise _unavailable() from error
        return _message(kept)

    def _differences(self) -> list[Violation]:
        image = self._image
        if self._size != image.size_bytes:
            words = f"is {image.size_bytes}, and {self._size} bytes have arrived; the upload was cut, or it is wrong"
            return [Violation("image.size_bytes", words)]
        if self._hash.digest() != image.sha256:
            words = "does not match the bytes: the picture was damaged or changed; send it again"
            return [Violation("image.sha256", words)]
        # The header's rules, on a picture that claims what this one claims; its size and hash were checked above.
        claimed = pb.Image()
        claimed.CopyFrom(image)
        for field in ("size_bytes", "sha256"):
            claimed.ClearField(field)
        return [
            Violation(f"image.{field}" if field != "data" else "chunk.data", words)
            for field, words in image_rules.of_data(claimed, self._head, answered=False)
        ]


def _describes(image: pb.Image, max_bytes: int, most: int) -> list[Violation]:
    found: list[Violation] = []
    if image.WhichOneof("source") is not None:
        found.append(Violation("image", "has a source; leave it out: the bytes follow in chunks"))
    for field, _ in image.ListFields():
        if field.name not in _DESCRIBED and field.containing_oneof is None:
            found.append(Violation(f"image.{field.name}", "is not for uploads; leave it out"))
    if not image.mime_type:
        found.append(Violation("image.mime_type", 'is required, for example "image/png"'))
    if len(image.sha256) != hashlib.sha256().digest_size:
        found.append(Violation("image.sha256", "is required: the 32 bytes of the file's SHA-256"))
    if image.size_bytes < 1:
        found.append(Violation("image.size_bytes", "is required: the bytes of the file"))
    elif image.size_bytes > max_bytes:
        words = f"is {image.size_bytes}; at most {max_bytes} are allowed (max_request_bytes): send a smaller file"
        found.append(Violation("image.size_bytes", words))
    elif image.size_bytes > most:
        words = f"is {image.size_bytes}; at most {most} are kept here (nine tenths of keep_max_bytes): send a smaller"
        found.append(Violation("image.size_bytes", f"{words} file, or send it in the request, as Image.data"))
    return found


def _message(kept: KeptImage) -> pb.Image:
    image = pb.Image(
        image_id=kept.image_id,
        mime_type=kept.mime_type,
        size_bytes=kept.size,
        sha256=kept.sha256,
        detail=pb.ImageDetail.IMAGE_DETAIL_AUTO,
    )
    if kept.width and kept.height:
        image.width, image.height = kept.width, kept.height
    return image


async def has_images(store: Store, caller: str, image_ids: Collection[str]) -> bool:
    """Whether a store that may fail has pictures, as soon as what was drawn is written."""
    try:
        await store.flush()
        return all([await store.image(caller, image_id=ident) for ident in image_ids])
    except StoreDown:
        return False


async def _pieces(store: Store, kept: KeptImage, offset: int, size: int) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(checked.pieces(store, kept, offset, size)) as found:
            async for data in found:
                yield data
    except (Damaged, StoreDown) as error:
        raise await _lost(store, kept, error) from error


async def _lost(store: Store, kept: KeptImage, error: Damaged | StoreDown) -> ImageNotFound | StoreUnavailable:
    """Why a picture cannot be read: it was removed meanwhile, its file is damaged, or the store does not work."""
    try:
        if await store.image(kept.caller, image_id=kept.image_id) is None:
            return _not_found()
    except StoreDown:
        return _unavailable()
    return ImageDamaged() if isinstance(error, Damaged) else _unavailable()


def _not_found() -> ImageNotFound:
    return ImageNotFound("you have no such picture: its id is wrong, it has expired, or another key made it")


def _unavailable() -> StoreUnavailable:
    return StoreUnavailable("the store of pictures does not work now: try again later, or send the picture as data")
