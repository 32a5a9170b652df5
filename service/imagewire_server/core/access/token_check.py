"""Checks a JSON Web Token (RFC 7519): its signature, who made it, for whom, and until when it holds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jwt

from imagewire_server.config.token_issuers import Issuer

_LONGEST = 16 * 1024
# What the library raises of hostile text, beside its own errors: numbers and nestings without bounds.
_FAULTS = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
_TIMES = ("exp", "nbf", "iat")


class InvalidToken(Exception):
    """The token says nothing about who calls. The message is for the log: it quotes nothing of the token."""


class Claimed(NamedTuple):
    """What a token says before its signature is checked: anybody can have written it."""

    algorithm: str
    kid: str | None
    issuer: str


def claimed(token: str) -> Claimed:
    """Raises InvalidToken."""
    if len(token) > _LONGEST:
        raise InvalidToken("it is too long")
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except _FAULTS:
        raise InvalidToken("it is malformed") from None
    algorithm, kid, issuer = header.get("alg"), header.get("kid"), claims.get("iss")
    if "crit" in header or not isinstance(algorithm, str) or not isinstance(kid, str | None):
        raise InvalidToken("its header asks for what this server does not have")
    if not isinstance(issuer, str):
        raise InvalidToken("it has no issuer")
    return Claimed(algorithm, kid, issuer)


def verified(token: str, issuer: Issuer, algorithm: str, keys: Sequence[Any]) -> dict[str, Any]:
    """The claims of a token that one of the keys has signed; exp as a float. Raises InvalidToken."""
    if algorithm not in issuer.algorithms:
        raise InvalidToken("its algorithm is not allowed")
    for key in keys:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=issuer.audiences,
                leeway=issuer.clock_skew,
                options={"require": ["exp", "iss", "aud"]},
            )
            if any(type(claims[name]) not in {int, float} for name in _TIMES if name in claims):
                raise InvalidToken("it is refused for a time that is no number")  # the library takes texts of digits
            claims["exp"] = float(claims["exp"])  # and numbers that no clock will reach
        except jwt.InvalidSignatureError:
            continue
        except _FAULTS as error:
            raise InvalidToken(f"it is refused ({type(error).__name__})") from None
        if claims["iss"] != issuer.name:  # here, because some versions of the library take a part of it
            raise InvalidToken("it is refused for its issuer")
        return claims
    raise InvalidToken("no key of its issuer has signed it")
