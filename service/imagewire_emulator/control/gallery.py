"""The pictures of the last answers, for the page at /. They are found by their hash."""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from imagewire_emulator.draw import Picture

_KEPT_BYTES = 96 * 1024 * 1024


class Gallery:
    """At most 96 MiB of pictures, the newest ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def add(self, pictures: Iterable[Picture]) -> None:
        """Keep pictures, and forget the oldest ones if they are too many."""
        with self._lock:
            for picture in pictures:
                if picture.sha256 not in self._kept:
                    self._bytes += len(picture.data)
                self._kept[picture.sha256] = picture
                self._kept.move_to_end(picture.sha256)
            while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= len(oldest.data)

    def find(self, sha256: str) -> Picture | None:
        """The picture with this hash, if it is kept."""
        return self._kept.get(sha256)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0
