"""Labels for Vertex AI's bills, from three arguments of `completion`. Sans-IO."""

import re

from imagewire.errors import invalid
from imagewire.litellm.drops import Drops
from imagewire.litellm.once import once
from imagewire.litellm.options import CompletionOptions

_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")


def read(given: CompletionOptions, model: str, drops: Drops) -> dict[str, str]:
    """The labels. Google AI Studio has none: `user` and `metadata` change nothing there.

    What of those two cannot be a label is left out, as over REST. Raises InvalidRequest for guardrails, and for what
    contradicts.
    """
    made = dict(given.get("labels") or {})
    metadata = given.get("metadata") or {}
    for name in metadata:
        if "guardrail" in str(name).lower():
            raise invalid(f"metadata.{name}", "is not supported: there are no guardrails here; leave it out")
    if model.startswith("gemini/"):
        return made
    if not made:  # the model's name need not tell which service it is
        drops.choices.add("labels")
    for name, value in metadata.items():
        if _is_label(name, value):
            made[name] = once(f"metadata.{name}", value, dict(made), name) or ""
        else:
            drops.names.append(f"metadata.{name}")
    user = given.get("user")
    if _is_label("user", user) and (user := once("user", user, dict(made), "user")):
        made["user"] = user
    return made


def _is_label(name: object, value: object) -> bool:
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    return bool(_KEY.fullmatch(name) and _VALUE.fullmatch(value))
