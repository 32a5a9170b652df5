"""Lists of models in Google's format."""

from typing import Any

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest, NotFound, Violation

_METHODS = ["generateContent", "countTokens"]
_USUAL, _MOST = 50, 1000  # entries of a page
_LONGEST = 18  # digits


def entry(name: str, *, vertex: bool, thinks: bool) -> dict[str, Any]:
    """One model. name: by which callers of this server ask for it. thinks: whether it is known to think, or may."""
    if vertex:
        return {"name": f"publishers/google/models/{name}", "versionId": "default"}
    made: dict[str, Any] = {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": _METHODS}
    return {**made, "thinking": True} if thinks else made


def page(entries: list[dict[str, Any]], size: str, token: str, *, vertex: bool) -> dict[str, Any]:
    """A page of a list. size, token: pageSize and pageToken of the URL, "" for none. Raises InvalidRequest."""
    number = _natural(size or "0", "pageSize", "must be a whole number; at most 1000 entries are sent")
    start = _natural(token or "0", "pageToken", "must be the nextPageToken of the page before")
    end = start + (min(number, _MOST) or _USUAL)
    more = {"nextPageToken": str(end)} if end < len(entries) else {}
    return {"publisherModels" if vertex else "models": entries[start:end], **more}


def is_name(name: str) -> bool:
    """Whether this can be the name of a model, by the contract: it becomes part of a URL."""
    spec = pb.Spec(model=name, messages=[pb.ChatMessage(role=pb.Role.ROLE_USER, content="x")])
    return not validation.violations(spec)


def unknown(name: str, *, vertex: bool) -> NotFound:
    """The error for a model that is not listed."""
    where = f"Publisher Model `publishers/google/models/{name[:60]}`" if vertex else f"models/{name[:60]}"
    return NotFound(f"{where} is not found. Call ListModels to see the list of available models.")


def _natural(given: str, name: str, words: str) -> int:
    if not given.isdecimal() or len(given) > _LONGEST:
        raise InvalidRequest([Violation(name, words)])
    return int(given)
