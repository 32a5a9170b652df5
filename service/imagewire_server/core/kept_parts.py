"""Pictures of earlier answers that a request names by their place: each is put in as it was answered, and signed."""

from contextlib import aclosing

from imagewire_server.contract import part_places, pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.keep_errors import ImageNotFound, KeepOff
from imagewire_server.contract.part_places import Place
from imagewire_server.core.fold import merge
from imagewire_server.core.kept_inputs import too_many
from imagewire_server.core.store.store import Store

_Named = dict[Place, list[tuple[str, pb.Part]]]
_ASSISTANT = pb.Role.ROLE_ASSISTANT


async def fill(spec: pb.Spec, store: Store | None, caller: str, max_bytes: int, *, until: float = 0.0) -> None:
    """Put in what is known of the parts that are named by their place. Their bytes are named by image_id then.

    A field of the part that the caller sent stays. max_bytes: of all of them. until: as long as this answer, they are
    kept; 0 where it is not kept. Raises ImageNotFound, KeepOff, StoreDown, and InvalidRequest for too many.
    """
    named = _named(spec)
    if not named:
        return
    first, _, _ = named[0]
    if store is None:
        words = "this server keeps no answers: send the picture itself"
        raise KeepOff(f"{first}: {words}", metadata={"field": first})
    answers: dict[str, _Named] = {}
    for path, place, part in named:
        answers.setdefault(place[0], {}).setdefault(place, []).append((path, part))
    left = max_bytes
    for completion_id, wanted in answers.items():
        left -= await _put_in(store, caller, completion_id, wanted)
        if left < 0:  # before the next answer is read
            raise too_many(next(iter(wanted.values()))[0][0], max_bytes)
    if until:
        await store.prolong(until, completion_ids=list(answers))


def _named(spec: pb.Spec) -> list[tuple[str, Place, pb.Part]]:
    found: list[tuple[str, Place, pb.Part]] = []
    for i, message in enumerate(spec.messages):
        for j, part in enumerate(message.parts if message.role == _ASSISTANT else ()):
            place = part_places.read(part.image.image_id)
            if place is not None:
                found.append((f"spec.messages[{i}].parts[{j}].image", place, part))
    return found


async def _put_in(store: Store, caller: str, completion_id: str, wanted: _Named) -> int:
    """Put in the parts of one answer, which is read only as far as the last of them. Returns the bytes of pictures."""
    missing, size = dict(wanted), 0
    kept = await store.find(caller, completion_id=completion_id)
    if kept is not None:
        try:
            async with aclosing(store.read(kept, 0, 0)) as stored:
                async for events in stored:
                    for event in events:
                        if isinstance(event, pb.Event) and event.part_finished.HasField("image"):
                            done = event.part_finished
                            place = (completion_id, done.candidate_index, done.part_index)
                            for _, part in missing.pop(place, ()):
                                _complete(part, done)
                                size += done.image.size_bytes
                    if not missing:
                        return size
        except Error:
            pass  # the answer is damaged, or ended with an error; what came before that is in use
    path = next(iter(missing.values()))[0][0]
    words = "you have no such picture, or it has expired: send the picture itself"
    raise ImageNotFound(f"{path}: {words}", metadata={"field": path})


def _complete(part: pb.Part, done: pb.PartFinished) -> None:
    given = pb.Part()
    given.CopyFrom(part)
    given.image.ClearField("image_id")
    part.Clear()
    merge(done, part)
    part.MergeFrom(given)
