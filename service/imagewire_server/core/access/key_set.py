"""The public keys of an issuer of tokens, as a JSON Web Key Set (RFC 7517)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import jwt
import msgspec
from jwt.algorithms import get_default_algorithms

_MOST_KEYS = 128
_MOST_TRIED = 8
_LEAST_RSA_BITS = 2048
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
# The algorithms of a kind of key and its curve.
_OF_KIND: Mapping[tuple[str, str], Sequence[str]] = {
    ("RSA", ""): _RSA,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
# What only the holder of a private or symmetric key has: RFC 7518, 6.
_SECRET = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth"})


class WrongKeySet(Exception):
    """The text is no key set that can be used. The message is for the operator."""


class KeySet:
    """The keys that check signatures. algorithms: those that may be used. Raises WrongKeySet.

    A key that is not for signatures, or of another kind, is left out, as the standard wants it.
    """

    def __init__(self, text: bytes, algorithms: Collection[str]) -> None:
        self._keys: dict[str, list[tuple[str, Any]]] = {}
        for given in _keys(text):
            for name in _algorithms(given, algorithms):
                kid = given.get("kid", "")
                if isinstance(kid, str) and (key := _usable(given, name)) is not None:
                    self._keys.setdefault(name, []).append((kid, key))
        if not self._keys:
            raise WrongKeySet(f"has no key for signatures with {', '.join(algorithms)}")

    def find(self, algorithm: str, kid: str | None) -> list[Any]:
        """The keys that a token may be signed with: those with its kid; some of the first if it names none."""
        keys = self._keys.get(algorithm, [])
        return [key for ident, key in keys if kid is None or ident == kid][:_MOST_TRIED]


def _keys(text: bytes) -> list[dict[str, Any]]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise WrongKeySet("is not JSON") from None
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or not keys:
        raise WrongKeySet('is no JWKS: it must be {"keys": [...]}, with at least one key')
    if len(keys) > _MOST_KEYS:
        raise WrongKeySet(f"has more than {_MOST_KEYS} keys")
    given = [key for key in keys if isinstance(key, dict)]
    if any(_SECRET & set(key) for key in given):
        raise WrongKeySet("has a private or symmetric key: publish only public keys, and replace this one")
    return given


def _algorithms(given: Mapping[str, Any], allowed: Collection[str]) -> list[str]:
    if given.get("use", "sig") != "sig":
        return []
    operations = given.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return []
    kind, curve = given.get("kty"), given.get("crv", "")
    if not isinstance(kind, str) or not isinstance(curve, str):
        return []
    own = given.get("alg")
    return [name for name in _OF_KIND.get((kind, curve), ()) if name in allowed and own in {None, name}]


def _usable(given: Mapping[str, Any], algorithm: str) -> Any:
    """The key, None if it is malformed or weak."""
    try:
        key = get_default_algorithms()[algorithm].from_jwk(dict(given))
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return None if algorithm in _RSA and key.key_size < _LEAST_RSA_BITS else key
