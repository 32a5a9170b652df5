"""Which credentials are accepted, and whose state a request is about: each key has a state of its own."""

import hmac
import re
from typing import NamedTuple

from aiohttp import web

from imagewire_emulator.errors import ApiError, detail, invalid

API_KEY = "emulator-key"
TOKEN = "emulator-token"  # noqa: S105  # known to everybody
# "emulator-key-NAME" and "emulator-token-NAME" are accepted too. They share the state NAME.
_NAMED = re.compile(r"-(?P<name>[A-Za-z0-9_.-]{1,64})")


class Credential(NamedTuple):
    """kind: "key" or "bearer". state: whose; "" for the keys without a name."""

    kind: str
    state: str


def authenticate(request: web.Request, *, bearer: bool) -> Credential:
    """The credential of a request. Raises ApiError if it is wrong."""
    if "key" in request.query:
        raise invalid("The emulator does not accept a key in the URL: send it as x-goog-api-key.")
    if bearer:
        state = _state(request.headers.get("authorization", "").removeprefix("Bearer "), TOKEN)
        if state is None:
            raise ApiError(
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 access token.",
                [detail("ErrorInfo", reason="ACCESS_TOKEN_TYPE_UNSUPPORTED", domain="googleapis.com")],
            )
        return Credential("bearer", state)
    key = request.headers.get("x-goog-api-key")
    if key is None:
        raise ApiError(
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity)."
            " Please use API Key or other form of API consumer identity to call this API.",
        )
    state = _state(key, API_KEY)
    if state is None:
        raise ApiError(
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            [detail("ErrorInfo", reason="API_KEY_INVALID", domain="googleapis.com")],
        )
    return Credential("key", state)


def state_of(request: web.Request) -> str:
    """Whose state a request is about; "" if it has no valid credential. A page is asked for with ?key=."""
    given = request.headers.get("x-goog-api-key") or request.query.get("key", "")
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    return _state(given, API_KEY) or _state(token, TOKEN) or ""


def check_known(request: web.Request) -> None:
    """Refuse a credential that is wrong, where none is needed: it would be about another's state. Raises ApiError."""
    key = request.headers.get("x-goog-api-key") or request.query.get("key")
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if (key and _state(key, API_KEY) is None) or (token and _state(token, TOKEN) is None):
        raise invalid(f"Unknown key or token: send {API_KEY}, {API_KEY}-NAME, {TOKEN} or {TOKEN}-NAME, or none.")


def _state(given: str, wanted: str) -> str | None:
    if hmac.compare_digest(given.encode(errors="surrogateescape"), wanted.encode()):
        return ""
    match = _NAMED.fullmatch(given.removeprefix(wanted)) if given.startswith(wanted) else None
    return match["name"] if match else None
