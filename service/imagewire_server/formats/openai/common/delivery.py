"""How an answer's pictures are delivered: inside it, or by URLs that work while the pictures are drawn."""

from collections.abc import Callable

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import data_uri_stream
from imagewire_server.formats.openai.common.encoder import Key, Piece, encoded, key_of

# Makes the URL of a picture. The answer is kept.
UrlOf = Callable[[pb.Started, Key], str]
_IMAGE = pb.PartKind.PART_KIND_IMAGE  # looked up once: an enum's names are slow


class Delivery:
    """url_of: makes URLs; None where pictures are inside the answer."""

    def __init__(self, url_of: UrlOf | None = None) -> None:
        self._url_of = url_of
        self._started: pb.Started | None = None
        self._by_url: set[Key] = set()
        self.is_lost = False

    def another(self) -> "Delivery":
        """The same for another answer."""
        return Delivery(self._url_of)

    def start(self, started: pb.Started) -> None:
        """Where the answer is not kept, because the store does not work now, its pictures are inside it."""
        if self._url_of is not None and started.HasField("expire_time") and not self.is_lost:
            self._started = started

    @property
    def by_url(self) -> bool:
        """Whether pictures are to go by URL."""
        return self._url_of is not None

    def lose(self) -> None:
        """The answer turned out not to be kept: from now on its pictures are inside it."""
        self.is_lost, self._started = True, None

    def told(self, event: pb.Event) -> pb.Event:
        """An event without the id of a picture that is not kept."""
        if not self.is_lost or not event.part_finished.image.image_id:
            return event
        return pb.Event(sequence=event.sequence, part_finished=without_id(event.part_finished))

    def begin(self, part: pb.PartStarted) -> bool:
        """Whether a part goes by URL, so that its bytes are not needed."""
        if self._url_of is None or self._started is None or part.kind != _IMAGE:
            return False
        self._by_url.add(key_of(part))
        return True

    def url(self, key: Key) -> str:
        """The URL of a part; "" where it is inside the answer."""
        if self._url_of is None or self._started is None or key not in self._by_url:
            return ""
        return self._url_of(self._started, key)

    def inside(self, what: pb.Image | pb.Media, key: Key) -> list[Piece]:
        """The URL of a picture or of other media, in JSON quotes: of any kind."""
        url = "" if what.uri else self.url(key)
        return [encoded(url)[1:-1]] if url else data_uri_stream.inside(what, key)


def without_id(part: pb.PartFinished) -> pb.PartFinished:
    """A picture that is not kept."""
    made = pb.PartFinished()
    made.CopyFrom(part)
    made.image.ClearField("image_id")
    return made


INSIDE = Delivery()
