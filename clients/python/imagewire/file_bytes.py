"""The bytes of an answer's file, which may not be in memory."""


def require_bytes(data: bytes | None, what: str, uri: str, image_id: str = "") -> bytes:
    """The bytes. Raises ValueError, which says where they are, when they are not here. what: a word for the message."""
    if data is not None:
        return data
    if uri:
        address = uri if len(uri) <= 2048 else f"{uri[:80]}…"
        raise ValueError(f"the bytes of this {what} are not here: it is at {address}; fetch it from there")
    if image_id:
        raise ValueError(f'the bytes of this {what} are not here: client.download("{image_id}") fetches them')
    raise ValueError(f"the bytes of this {what} were not kept: frames() keeps none; use stream() or sample()")
