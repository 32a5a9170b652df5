"""The bytes of one part, a picture or other media: what it is, and what is learned of it while it passes."""

import re

from imagewire_server.contract import image_header, pb

_AUTO = pb.ImageDetail.IMAGE_DETAIL_AUTO
# Pixels: PNG's own limit and the field's. A damaged header may say more.
_LONGEST = 2**31 - 1
_WORD = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_MEDIA_TYPE = re.compile(rf"({_WORD}/{_WORD})((?:; ?{_WORD}={_WORD}){{0,8}})")
_USUAL = frozenset({"", "image/png", "image/jpeg", "image/webp"})
UNKNOWN = "application/octet-stream"
# Bytes that are enough to know a picture from other data.
_DETECTABLE = 32
# Formats of pictures that requests may not hold and answers could.
_OTHER_PICTURES = (b"BM", b"II*\0", b"MM\0*", b"\0\0\x01\0", b"\xff\x0a", b"\0\0\0\x0cJXL ")
_OTHER_BRANDS = frozenset({b"avif", b"avis"})


def media_type(said: str) -> str:
    """A media type in a form that is safe to write anywhere, "" for what is none.

    Parameters are kept, but for pictures: a sound of audio/L16 cannot be played without its rate.
    """
    if said in _USUAL:
        return said
    text = said.strip()
    match = _MEDIA_TYPE.fullmatch(text) or _MEDIA_TYPE.fullmatch(text.partition(";")[0].strip())
    if match is None:
        return ""
    plain = match[1].lower()
    return plain if plain.startswith("image/") else plain + match[2]


class Blob:
    """One open blob. mime_type: as far as known, "" where it is not. thought: likewise.

    is_image: None until it is known: by its media type, else by its first bytes.
    """

    __slots__ = ("_head", "header", "is_image", "mime_type", "size", "thought", "waiting")

    def __init__(self, mime_type: str, *, thought: bool) -> None:
        self.thought = thought
        self.mime_type = "" if mime_type == UNKNOWN else mime_type
        self.size = 0
        self.header: image_header.ImageHeader | None = None
        self.waiting = b""  # bytes that have not been passed on, because it is not known as what
        self.is_image = self.mime_type.startswith("image/") if self.mime_type else None
        self._head: bytearray | None = bytearray()

    def add(self, data: bytes) -> None:
        """Look at more of it."""
        self.size += len(data)
        if self._head is None:
            return
        self._head += data[: image_header.ENOUGH - len(self._head)]
        self.header = image_header.read(self._head)
        known = self.header is not None and self.header.width is not None
        if known or len(self._head) == image_header.ENOUGH or self.is_image is False:
            self._head = None

    def detect(self, *, complete: bool) -> bool:
        """Whether its kind is known by now. complete: no more of it comes."""
        if self.is_image is None and (complete or len(self.waiting) >= _DETECTABLE):
            self.is_image = _looks_like_picture(self.waiting)
        return self.is_image is not None

    def settle(self, mime_type: str) -> bool:
        """Whether it is a picture, now that its part is whole. mime_type: as the provider said it, plain."""
        if mime_type and mime_type != UNKNOWN:
            self.mime_type = mime_type
            return mime_type.startswith("image/")
        return bool(self.is_image)

    def image(self, display_name: str) -> pb.Image:
        """The picture without its bytes."""
        made = pb.Image(
            mime_type=self.mime_type or (self.header.mime_type if self.header else UNKNOWN),
            size_bytes=self.size,
            detail=_AUTO,
            display_name=display_name,
        )
        width, height = (self.header.width or 0, self.header.height or 0) if self.header else (0, 0)
        if 0 < width <= _LONGEST and 0 < height <= _LONGEST:
            made.width, made.height = width, height
        return made

    def media(self, display_name: str) -> pb.Media:
        """The media without its bytes."""
        return pb.Media(mime_type=self.mime_type or UNKNOWN, size_bytes=self.size, display_name=display_name)


def _looks_like_picture(head: bytes) -> bool:
    if image_header.read(head) is not None or head.startswith(_OTHER_PICTURES):
        return True
    return head[4:8] == b"ftyp" and head[8:12] in _OTHER_BRANDS
