"""URLs as they may be shown: without what may be secret."""

import re


def without_password(value: str) -> str:
    """A URL, or something similar, without everything before "@" and after "?" or "#"."""
    value, *hidden = re.split("[?#]", value, maxsplit=1)
    scheme, slashes, rest = value.partition("//") if "//" in value else ("", "", value)
    _, at, host = rest.rpartition("@")
    shown = f"{scheme}{slashes}***@{host}" if at else value
    return f"{shown}?***" if hidden else shown
