"""The bytes of a file of an answer: here, or elsewhere."""


def require_bytes(data: bytes | None, what: str, uri: str) -> bytes:
    """The bytes. Raises ValueError, which tells where they are, when they are not here."""
    if data is not None:
        return data
    if uri:
        place = uri if len(uri) <= 2048 else f"{uri[:80]}…"
        raise ValueError(f"the bytes of this {what} are not here: it is at {place}; fetch it from there")
    raise ValueError(f"the bytes of this {what} are not kept here: they went by as frames; use stream() or sample()")
