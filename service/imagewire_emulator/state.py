"""What the emulator remembers, for each key apart: so suites that run in parallel can share one emulator."""

from collections import OrderedDict
from dataclasses import dataclass, field

from imagewire_emulator.control import Steering
from imagewire_emulator.ledger import Bodies, Ledger
from imagewire_emulator.resources.batches import Batches
from imagewire_emulator.resources.cached_contents import CachedContents
from imagewire_emulator.resources.uploads import Budget, Files

# Beyond these, the state that was used least recently is forgotten.
_MOST = 1000


@dataclass(slots=True)
class State:
    """What the calls with one key have left."""

    files: Files
    batches: Batches
    ledger: Ledger
    steering: Steering = field(default_factory=Steering)
    cached_contents: CachedContents = field(default_factory=CachedContents)

    def clear(self) -> None:
        """Forget all."""
        self.ledger.clear()
        self.steering.clear()
        self.cached_contents.clear()
        self.files.clear()
        self.batches.clear()


class States:
    """The states by name. The nameless one is always there."""

    def __init__(self) -> None:
        self._budget = Budget()
        self._named: OrderedDict[str, State] = OrderedDict()
        self._bodies = Bodies()
        self.nameless = self._new()

    def find(self, name: str) -> State:
        """The state of that name; it is made if there is none."""
        if not name:
            return self.nameless
        if name not in self._named:
            self._named[name] = self._new()
        self._named.move_to_end(name)
        if len(self._named) > _MOST:
            _, forgotten = self._named.popitem(last=False)
            forgotten.clear()
        return self._named[name]

    def _new(self) -> State:
        return State(Files(self._budget), Batches(self._budget), Ledger(self._bodies))

    def names(self) -> list[str]:
        """The names, the one used last at the end."""
        return list(self._named)

    def uploading(self, upload_id: str) -> State:
        """That of whoever has begun this upload. Clients send the bytes without a key."""
        states = (self.nameless, *self._named.values())
        return next((state for state in states if state.files.expects(upload_id)), self.nameless)
