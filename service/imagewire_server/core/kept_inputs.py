"""Input pictures that a request names by image_id or by sha256: their bytes are put in from the store."""

from imagewire_server.contract import image_rules, message_rules, pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.keep_errors import ImageNotFound, KeepOff
from imagewire_server.core.store import checked
from imagewire_server.core.store.store import Damaged, Store

_ASSISTANT = pb.Role.ROLE_ASSISTANT
_MOST_NAMED = 64  # hashes in an error: a request has at most 14 input pictures that a model looks at


async def fill(spec: pb.Spec, store: Store | None, caller: str, max_bytes: int, *, until: float = 0.0) -> None:
    """Put the bytes of kept pictures into a valid spec. max_bytes: of all of them.

    until: as long as this answer, they are kept, so that its chat can go on; 0 where it is not kept. Raises
    ImageNotFound, also for what is damaged, KeepOff, StoreDown, and InvalidRequest for a picture that differs from what
    the request says.
    """
    wanted = list(message_rules.kept_images(spec))
    if not wanted:
        return
    if store is None:
        raise KeepOff(
            f"{wanted[0][0]}: this server keeps no pictures: send the bytes as data", metadata={"field": wanted[0][0]}
        )
    missing: list[tuple[str, pb.Image]] = []
    found_ids: list[str] = []
    left = max_bytes
    for path, image, role in wanted:
        kept = await store.image(caller, image_id=image.image_id, sha256=b"" if image.image_id else image.sha256)
        if kept is None:
            missing.append((path, image))
            continue
        found_ids.append(kept.image_id)
        left -= kept.size
        if left < 0:
            raise too_many(path, max_bytes)
        try:
            data = await checked.whole(store, kept)
        except Damaged:  # as if it was not kept: who uploads it again mends it
            missing.append((path, image))
            continue
        if not missing:
            image.data = data
            image.mime_type = image.mime_type or kept.mime_type
            wrong = image_rules.of_data(image, data, answered=role == _ASSISTANT, sha256=kept.sha256)
            found = [Violation(f"{path}.{field}", words) for field, words in wrong]
            if found:
                raise InvalidRequest(found)
    if missing:
        raise _not_found(missing)
    if until:
        await store.prolong(until, image_ids=found_ids)


def too_many(path: str, max_bytes: int) -> InvalidRequest:
    """Of a picture that is one too many. path: its own."""
    words = f"the pictures that the request names have more than {max_bytes} bytes together; leave some out"
    return InvalidRequest([Violation(path, words)])


def _not_found(missing: list[tuple[str, pb.Image]]) -> ImageNotFound:
    hashes = list(dict.fromkeys(image.sha256.hex() for _, image in missing if not image.image_id))
    path = missing[0][0]
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    return ImageNotFound(
        f"{path}: you have no such picture here{more}: send its bytes, or upload it",
        metadata={"field": path, **({"missing": ",".join(hashes[:_MOST_NAMED])} if hashes else {})},
    )
