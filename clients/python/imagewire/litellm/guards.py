"""What `drop_params` never leaves out: arguments that guard or limit something, as the server's REST has it."""

import re
from collections.abc import Mapping

# Words in the name of what guards or limits something. The server's REST refuses the same names.
_GUARDS = re.compile(
    r"guard|safe|moderat|polic|filter|block|allow|deny|exclud|censor|forbid|redact|pii|armor|limit|max|budget|person"
    r"|people|region|location|residency|zdr|data_collection|retention|privacy"
    r"|\b(?:rpm|tpm|rpd|tpd|itpm|otpm)\b",  # LiteLLM's limits: requests and tokens by minute or day
    re.IGNORECASE,
)
# Their values are the caller's own schemas, in which a name such as "max_price" guards nothing.
_SCHEMAS = frozenset({"response_format", "functions"})


def is_guard(name: str) -> bool:
    """Whether an argument or a field of this name guards or limits something."""
    return _GUARDS.search(name) is not None


def has_guard(name: str, value: object) -> bool:
    """Whether an argument guards or limits something, by its name or by a field inside it, at any depth."""
    if is_guard(name):
        return True
    waiting = [] if name in _SCHEMAS else [value]
    seen: set[int] = set()
    while waiting:
        held = waiting.pop()
        if id(held) in seen:
            continue
        seen.add(id(held))
        if isinstance(held, Mapping):
            if any(is_guard(str(key)) for key in held):
                return True
            waiting += held.values()
        elif isinstance(held, list | tuple):
            waiting += held
    return False
