"""The rules of roles, and of the order of function calls and their responses."""

from typing import Any

from imagewire_emulator.errors import invalid

Json = dict[str, Any]

_ROLES = ("user", "model", "function")
_CALL_ORDER = (
    "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
)
_RESPONSE_ORDER = "Please ensure that function response turn comes immediately after a function call turn."
_RESPONSE_COUNT = (
    "Please ensure that the number of function response parts is equal to the number of function call parts of the"
    " function call turn."
)


def check_roles(contents: list[Json], *, vertex: bool) -> None:
    """Raise ApiError for a role that is unknown. On the Gemini API, a turn without a role is the user's."""
    for content in contents:
        if content.get("role", "" if vertex else "user") not in _ROLES:
            raise invalid("Please use a valid role: user, model.")


def check_functions(contents: list[Json]) -> None:
    """Raise ApiError if calls and responses of functions do not follow each other."""
    waiting = 0  # the calls of the turn before that have no response yet
    before = ""
    for content in contents:
        role = content.get("role", "user")
        calls, responses = (_count(content, kind) for kind in ("functionCall", "functionResponse"))
        if role == "model":
            if calls and before in ("", "model"):
                raise invalid(_CALL_ORDER)
        elif responses != waiting:
            raise invalid(_RESPONSE_COUNT if waiting else _RESPONSE_ORDER)
        waiting, before = calls, role


def _count(content: Json, kind: str) -> int:
    return sum(kind in part for part in content["parts"])
