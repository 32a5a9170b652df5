"""What may be wrong with certificates and keys, in words."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from imagewire_server.config.source import ConfigError
from imagewire_server.core import pem
from tests.authority import Authority, Key

ISSUER = Authority()
RIGHT = ISSUER.issue("draw.example", "10.0.0.1")


def _encrypted(kind: PrivateFormat) -> bytes:
    key = load_pem_private_key(RIGHT.key, None)
    return key.private_bytes(Encoding.PEM, kind, BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (b"", "has no private key in PEM"),
        (RIGHT.cert, "has no private key in PEM"),
        (RIGHT.key[:-30], "has no private key in PEM"),
        (RIGHT.key[:60] + b"AAAA" + RIGHT.key[64:], "its private key is damaged"),
        (_encrypted(PrivateFormat.PKCS8), r"is encrypted, and the server has no password for it: decrypt it \(openssl"),
        (_encrypted(PrivateFormat.TraditionalOpenSSL), "is encrypted"),
        (ISSUER.issue("draw.example").key, "is not the key of the certificate in CERT"),
    ],
    ids=["empty", "certificate", "cut", "damaged", "encrypted", "encrypted in the old way", "another"],
)
def test_a_key_that_cannot_be_used(key: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=f"^KEY: {words}"):
        pem.check_pair(RIGHT.cert, key, "CERT", "KEY")


@pytest.mark.parametrize(
    "key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())], ids=["ed25519", "secp256k1"]
)
def test_a_key_that_grpc_does_not_serve(key: Key) -> None:
    pair = ISSUER.issue("draw.example", key=key)
    with pytest.raises(ConfigError, match=r"^KEY: gRPC serves keys of RSA or of the curves P-256"):
        pem.check_pair(pair.cert, pair.key, "CERT", "KEY")


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())], ids=["rsa", "p-384"]
)
def test_a_key_that_it_serves(key: Key) -> None:
    pair = ISSUER.issue("draw.example", key=key)
    pem.check_pair(pair.cert + ISSUER.pem, b"-----BEGIN EC PARAMETERS-----\n" + pair.key, "CERT", "KEY")
    pem.check_pair(pair.cert + pair.key, pair.cert + pair.key, "CERT", "KEY")  # both in one file


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "has no certificate in PEM"),
        (RIGHT.key, "has no certificate in PEM"),
        (RIGHT.cert[:-30], "has no certificate in PEM"),
        (RIGHT.cert + ISSUER.pem[:-30], "its last certificate is cut off|has no certificate in PEM, or a damaged one"),
    ],
    ids=["empty", "key", "cut", "chain cut"],
)
def test_a_file_without_whole_certificates(text: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=f"^CERT: ({words})"):
        pem.certificates(text, "CERT")


def test_what_a_certificate_says() -> None:
    leaf = pem.check_pair(RIGHT.cert, RIGHT.key, "CERT", "KEY")
    assert pem.names(leaf) == ["draw.example", "10.0.0.1"]
    assert pem.names(pem.certificates(ISSUER.pem, "CA")[0]) == []
    assert pem.not_after(leaf) == leaf.not_valid_after_utc.timestamp()
    both = pem.certificates(RIGHT.cert + ISSUER.pem, "CERT")
    assert pem.der(both) == b"".join(one.public_bytes(Encoding.DER) for one in both)
