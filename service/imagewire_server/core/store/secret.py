"""The secret of a store, which the names of its pictures are made from: random bytes, never fewer than these."""

import secrets

import structlog

_BYTES = 32
_log = structlog.get_logger("imagewire.keep")


class WrongSecret(OSError):
    """What should be the secret is none. The message is for the operator: it names the place and the remedy."""


def new() -> bytes:
    """A new secret."""
    return secrets.token_bytes(_BYTES)


def checked(found: bytes, place: str) -> bytes:
    """What was found at a place, if it can be a secret. Raises WrongSecret."""
    if len(found) != _BYTES:
        raise WrongSecret(f"{place}: has {len(found)} bytes, and the secret of a store has {_BYTES}: {remedy()}")
    return found


def remedy() -> str:
    """What the operator can do."""
    return "restore it, or remove it: then there is a new one, and URLs of pictures that were given out work no longer"


def warn_of_empty(place: str) -> None:
    """Log that an empty secret was replaced, as a power failure may leave it: nothing was ever made from it."""
    _log.warning("the secret was empty and is replaced: URLs that were given out work no longer", place=place)
