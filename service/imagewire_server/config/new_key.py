"""A new key of a caller: it is shown once, and the configuration gets only its SHA-256."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

_BYTES = 32


def new_key(name: str, given: Mapping[str, Any]) -> str:
    """What `imagewire-server key new` prints: the key, and the lines for the configuration.

    given: the caller's other keys in the configuration by name; what is None or () is left out.
    """
    key = f"iw-{secrets.token_urlsafe(_BYTES)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    others = {field: value for field, value in given.items() if value is not None and value != ()}
    entry = {"name": name, "key_sha256": digest} | others
    lines = [f"{field}: {_yaml(value)}" for field, value in entry.items()]
    return "\n".join(
        [
            key,
            "",
            "# The key is shown only this once: give it to the caller. These lines belong in the configuration:",
            "imagewire:",
            "  callers:",
            f"    - {lines[0]}",
            *(f"      {line}" for line in lines[1:]),
        ]
    )


def _yaml(value: Any) -> str:
    """The value as JSON, which is YAML too."""
    return json.dumps(list(value) if isinstance(value, tuple) else value)
