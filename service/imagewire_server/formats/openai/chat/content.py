"""A message's content as an ordered array of text and pictures."""

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import Piece, encoded, key_of
from imagewire_server.formats.openai.common.image_entry import entry_end


class Content:
    """Collects the parts. Pictures are kept until the end."""

    def __init__(self, delivery: Delivery = INSIDE) -> None:
        self._delivery = delivery
        self._parts: list[list[str] | pb.PartFinished] = []
        self.has_pictures = False

    def text(self, text: str) -> None:
        """More text."""
        if self._parts and isinstance(self._parts[-1], list):
            self._parts[-1].append(text)
        else:
            self._parts.append([text])

    def picture(self, part: pb.PartFinished) -> None:
        """A complete picture."""
        self._parts.append(part)
        self.has_pictures = True

    def pieces(self) -> list[Piece]:
        """The array; an empty text if there is nothing."""
        made: list[Piece] = []
        for part in self._parts:
            made.append(b"," if made else b"[")
            if isinstance(part, list):
                made.append(encoded({"type": "text", "text": "".join(part)}))
            else:
                url = self._delivery.inside(part.image, key_of(part))
                made += [b'{"type":"image_url","image_url":{"url":"', *url, entry_end(part)]
        return [*made, b"]"] if made else [b'""']
