"""Key sets of issuers: which keys check which tokens, and what is refused."""

from typing import Any

import pytest

from imagewire_server.config.token_issuers import ALGORITHMS
from imagewire_server.core.access.key_set import KeySet, WrongKeySet
from tests.token_issuer import key_set, public_jwk


def test_each_key_checks_its_own_algorithm_and_others_none() -> None:
    keys = KeySet(key_set(*(public_jwk(name, kid=str(number)) for number, name in enumerate(ALGORITHMS))), ALGORITHMS)
    for number, name in enumerate(ALGORITHMS):
        assert len(keys.find(name, str(number))) == 1
        assert keys.find(name, "other") == []
        assert len(keys.find(name, None)) == 1
    assert keys.find("HS256", "0") == []
    assert keys.find("none", None) == []


def test_a_key_without_an_algorithm_checks_all_of_its_kind_that_are_allowed() -> None:
    keys = KeySet(key_set(public_jwk("RS256", alg=None), public_jwk("ES384", alg=None, kid=None)), ("PS384", "ES384"))
    assert [bool(keys.find(name, "0")) for name in ("RS256", "PS384", "ES256", "ES384")] == [False, True, False, False]
    assert len(keys.find("ES384", None)) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "EC", "crv": "P-256", "alg": "ES256", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "!", "e": 7},
        {"kty": "XYZ"},
        {"kty": 5},
        {"kty": "EC", "crv": ["P-256"]},
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"alg": "ES256"},
        {"alg": "HS256"},
        {"kid": 7},
        "text",
        None,
    ],
    ids=repr,
)
def test_a_key_that_cannot_be_used_is_left_out(odd: Any) -> None:
    if isinstance(odd, dict) and "kty" not in odd:
        odd = public_jwk("RS256", **odd)
    assert KeySet(key_set(odd, public_jwk("ES256")), ALGORITHMS).find("ES256", "0")
    with pytest.raises(WrongKeySet, match="has no key for signatures with RS256, "):
        KeySet(key_set(odd), ALGORITHMS)


def test_a_weak_key_is_left_out() -> None:
    with pytest.raises(WrongKeySet, match="has no key for signatures"):
        KeySet(key_set(public_jwk("RS256", -1)), ALGORITHMS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is not JSON"),
        (b"<html>", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is no JWKS"),
        (b'{"keys": {}}', "is no JWKS"),
        (b'{"keys": []}', "is no JWKS"),
        (b'{"kty": "OKP", "crv": "Ed25519", "x": "AA"}', "is no JWKS"),
        (key_set({"kty": "RSA", "n": "AA", "e": "AQAB", "d": "c2VjcmV0"}), "has a private or symmetric key"),
        (key_set({"kty": "XYZ"}, {"kty": "oct", "k": "c2VjcmV0"}), "has a private or symmetric key"),
        (key_set(*[{"kty": "XYZ"}] * 129), "has more than 128 keys"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_key_set_is_refused_with_the_reason(text: bytes, words: str) -> None:
    with pytest.raises(WrongKeySet, match=words) as raised:
        KeySet(text, ALGORITHMS)
    assert "c2VjcmV0" not in str(raised.value)


def test_a_token_that_names_no_key_is_tried_with_a_few() -> None:
    assert len(KeySet(key_set(*[public_jwk("EdDSA")] * 50), ALGORITHMS).find("EdDSA", None)) == 8
