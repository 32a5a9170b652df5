"""What things are called in Redis, and in the object store.

Everything that belongs to one answer, or to one upload, has its name in common: it is the beginning of its objects'
paths, and the member of the sorted set that knows what is the oldest.
"""

import secrets

PREFIX = "imagewire:"
AGES = f"{PREFIX}ages"  # names, by when they expire
SIZES = f"{PREFIX}sizes"  # bytes, by name
TOTAL = f"{PREFIX}total"  # bytes
RUN = f"{PREFIX}run"  # which start of Redis this is, and since when we know it
SECRET = f"{PREFIX}secret"  # see Store.secret
_ANSWERS, _UPLOADS = "answers/", "uploads/"


def answer(completion_id: str) -> str:
    """The name of an answer."""
    return f"{_ANSWERS}{completion_id}"


def new_upload() -> str:
    """The name of a new upload."""
    return f"{_UPLOADS}{secrets.token_hex(16)}"


def of_object(path: str) -> str:
    """The name that an object's path begins with."""
    return "/".join(path.split("/")[:2])


def log(completion_id: str) -> str:
    """The path of an answer's log."""
    return f"{answer(completion_id)}/log"


def file(completion_id: str, number: int) -> str:
    """The path of an answer's file."""
    return f"{answer(completion_id)}/{number}"


def input_file(completion_id: str, number: int) -> str:
    """The path of a picture of an answer's request."""
    return f"{answer(completion_id)}/in/{number}"


def completion(completion_id: str) -> str:
    """The key of an answer's record."""
    return f"{PREFIX}c:{completion_id}"


def events(completion_id: str) -> str:
    """The key of the stream with an answer's events."""
    return f"{PREFIX}e:{completion_id}"


def request(caller: str, request_id: str) -> str:
    """The key that has the id of the answer to a request. "" for a request without an id."""
    return f"{PREFIX}r:{request_id}:{caller}" if request_id else ""


def cached(caller: str, key: bytes) -> str:
    """The key that has the id of a caller's newest answer with a cache_key."""
    return f"{PREFIX}k:{key.hex()}:{caller}"


def image(image_id: str) -> str:
    """The key of a picture's record."""
    return f"{PREFIX}i:{image_id}"


def by_hash(caller: str, sha256: bytes) -> str:
    """The key of the ids of a caller's pictures that have these bytes, by when they expire."""
    return f"{PREFIX}h:{sha256.hex()}:{caller}"
