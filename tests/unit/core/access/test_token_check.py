"""Tokens: which are valid, and that nothing hostile is taken for one."""

import time
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.config.token_issuers import ALGORITHMS, Issuer
from imagewire_server.core.access.key_set import KeySet
from imagewire_server.core.access.token_check import InvalidToken, claimed, verified
from tests.token_issuer import AUDIENCE, ISSUER, key_set, public_jwk, token, unsigned

ONE = Issuer(ISSUER, (AUDIENCE, "other"), "keys.json", clock_skew=10.0)
GOOD = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": 9_000_000_000}


@cache
def keys() -> KeySet:
    return KeySet(key_set(*(public_jwk(name) for name in ALGORITHMS)), ALGORITHMS)


def checked(text: str, issuer: Issuer = ONE) -> dict[str, Any]:
    found = claimed(text)
    return verified(text, issuer, found.algorithm, keys().find(found.algorithm, found.kid))


def signed(claims: dict[str, Any]) -> str:
    """A token with these claims. Whole numbers are seconds from now."""
    now = int(time.time())
    return token(**{name: now + value if type(value) is int else value for name, value in claims.items()})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_signs(algorithm: str) -> None:
    assert checked(token("ann", algorithm))["sub"] == "ann"
    with pytest.raises(InvalidToken, match="no key of its issuer has signed it"):
        checked(token("ann", algorithm, number=1))
    with pytest.raises(InvalidToken, match="its algorithm is not allowed"):
        checked(token("ann", algorithm), Issuer(ISSUER, (AUDIENCE,), "", algorithms=()))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"aud": ["x", AUDIENCE]},
        {"exp": -5},
        {"nbf": 5},
        {"iat": 5},
        {"exp": 9e9},
    ],
    ids=str,
)
def test_a_token_that_holds_now_within_the_clock_skew(claims: dict[str, Any]) -> None:
    assert checked(signed(claims))["sub"] == "ann"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "others"},
        {"aud": None},
        {"aud": []},
        {"aud": {"imagewire": 1}},
        {"iss": "https://issuer.example.org/"},
        {"iss": "https://issuer.example.or"},
        {"exp": None},
        {"exp": -60},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"exp": [1]},
        {"exp": "9000000000"},
        {"nbf": "1"},
        {"iat": "1"},
        {"iat": True},
        {"nbf": 60},
    ],
    ids=lambda claims: str(claims)[:40],
)
def test_a_signed_token_that_does_not_hold_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken, match="it is refused"):
        checked(signed(claims))


def test_a_token_of_the_public_key_or_of_no_key_is_refused() -> None:
    for header in ({"alg": "none"}, {"alg": "None"}, {"alg": "HS256", "kid": "0"}, {"alg": "RS256", "kid": "0"}):
        with pytest.raises(InvalidToken):
            checked(unsigned({"typ": "JWT", **header}, GOOD, b""))
    for name in ("RS256", "ES256"):
        other = token("ann", name).rpartition(".")[0] + "." + token("eve", name).rpartition(".")[2]
        with pytest.raises(InvalidToken, match="no key of its issuer"):
            checked(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "malformed"),
        ("a.b.c", "malformed"),
        ("..", "malformed"),
        (unsigned({"alg": "RS256"}, b"[1]"), "malformed"),
        (unsigned({"alg": "RS256"}, b"[" * 9_000), "malformed"),
        (unsigned({"alg": "RS256"}, b'"' + b"x" * 20_000 + b'"'), "too long"),
        (unsigned({"alg": "RS256", "crit": ["exp"]}, GOOD), "malformed|does not have"),
        (unsigned({"alg": ["RS256"]}, GOOD), "malformed|does not have"),
        (unsigned({"alg": "RS256", "kid": 5}, GOOD), "malformed|does not have"),
        (unsigned({"alg": "RS256"}, {"iss": ["x"]}), "no issuer"),
        (unsigned({"alg": "RS256"}, {"sub": "x"}), "no issuer"),
    ],
    ids=lambda value: value[:30],
)
def test_what_is_malformed_is_no_token(text: str, words: str) -> None:
    with pytest.raises(InvalidToken, match=words):
        claimed(text)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=10))
def test_anything_else_is_refused_and_nothing_fails(header: str, payload: str, signature: str) -> None:
    with pytest.raises(InvalidToken):
        checked(f"{header}.{payload}.{signature}")
