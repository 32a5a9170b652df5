"""What is wrong with the JSON of credentials, as far as it can be told without asking anybody for a token."""

import json
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from imagewire_server.config.source import FROM_ENV

# What each type needs to get a token.
_NEEDED = {
    "service_account": ("client_email", "private_key", "token_uri"),
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
    "external_account": ("audience", "subject_token_type", "token_url", "credential_source"),
    "external_account_authorized_user": ("client_id", "client_secret", "refresh_token", "token_url"),
    "impersonated_service_account": ("service_account_impersonation_url", "source_credentials"),
}
_OBJECTS = frozenset({"credential_source", "source_credentials"})
_SOURCES = ("authorized_user", "external_account_authorized_user", "service_account")


@lru_cache(maxsize=64)  # many deployments have the same, and a key takes a while to read
def wrong(text: str) -> str:
    """What is wrong with credentials, "" if nothing is known to be: words that go on from their name."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return "in which there is no valid JSON"
    if not isinstance(given, dict):
        return "in which there is no JSON object"
    if found := _wrong_fields(given, tuple(_NEEDED)):
        return found
    return "" if FROM_ENV in text else _refused(given)


def _wrong_fields(given: Mapping[str, Any], types: tuple[str, ...], path: str = "") -> str:
    """What the fields of credentials lack. types: those that are taken here. path: of an object in another."""
    kind = given.get("type")
    if isinstance(kind, str) and kind.startswith(FROM_ENV):
        return ""
    if not kind:
        return f"in which {path}type is missing: it is {' or '.join(types)}"
    if kind not in types:
        return f"in which {path}type is {str(kind)[:40]!r}, and not {' or '.join(types)}"
    missing = [f"{path}{name}" for name in _NEEDED[kind] if not given.get(name)]
    if missing:
        listed = " and ".join((", ".join(missing[:-1]), missing[-1])) if missing[1:] else missing[0]
        return f"in which {listed} {'are' if missing[1:] else 'is'} missing"
    for name in _NEEDED[kind]:
        expected, words = (dict, "a JSON object") if name in _OBJECTS else (str, "text")
        if not isinstance(given[name], expected):
            return f"in which {path}{name} is not {words}"
    if kind == "impersonated_service_account":
        return _wrong_fields(given["source_credentials"], _SOURCES, "source_credentials.")
    return ""


def _refused(given: Mapping[str, Any]) -> str:
    """What Google's library says of credentials whose fields are there. It asks nobody."""
    import google.auth.exceptions  # noqa: PLC0415  # large, and few files have credentials

    kind = given["type"]
    source = given["source_credentials"] if kind == "impersonated_service_account" else given
    try:
        if source["type"] == "service_account":
            path = "" if source is given else "source_credentials."
            from google.oauth2 import service_account  # noqa: PLC0415

            try:
                service_account.Credentials.from_service_account_info(source)  # type: ignore[no-untyped-call]
            except (ValueError, TypeError):  # the words may quote the key
                return f"in which {path}private_key is not a private key in PEM format"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            _load(kind, given)
    # Its words may quote what stands in a field, such as a key that stands in the wrong one.
    except (google.auth.exceptions.GoogleAuthError, ValueError, TypeError, LookupError, AttributeError):
        fields = " or ".join(_NEEDED[kind])
        return f"which Google's library refuses for its {fields}: compare with a file that gcloud made"
    return ""


def _load(kind: str, given: Mapping[str, Any]) -> None:
    # The library's own loader would ask Google for the project of an external account.
    if kind == "external_account":
        from google.auth import aws, identity_pool, pluggable  # noqa: PLC0415

        if given["subject_token_type"] == "urn:ietf:params:aws:token-type:aws4_request":  # noqa: S105  # a type's name
            aws.Credentials.from_info(given)  # type: ignore[no-untyped-call]
        elif given["credential_source"].get("executable") is not None:
            pluggable.Credentials.from_info(given)  # type: ignore[no-untyped-call]
        else:
            identity_pool.Credentials.from_info(given)  # type: ignore[no-untyped-call]
        return
    import google.auth  # noqa: PLC0415

    google.auth.load_credentials_from_dict(given)  # type: ignore[no-untyped-call]
