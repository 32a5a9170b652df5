"""Reads the files of TLS, and says in words what is wrong with them. Keys and certificates are in PEM."""

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from imagewire_server.config.source import ConfigError

_KEY = re.compile(rb"-----BEGIN ((?:[A-Z]+ )*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)
# What gRPC serves besides RSA.
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


def certificates(text: bytes, where: str) -> list[x509.Certificate]:
    """The certificates of a file, in their order. Raises ConfigError. where: the setting and the file."""
    try:
        found = x509.load_pem_x509_certificates(text)
    except ValueError:
        raise ConfigError(f"{where}: has no certificate in PEM, or a damaged one: write it anew") from None
    if b"-----BEGIN CERTIFICATE" in text[text.rindex(b"-----END CERTIFICATE") :]:
        raise ConfigError(f"{where}: its last certificate is cut off: write it anew")
    return found


def check_pair(cert: bytes, key: bytes, cert_where: str, key_where: str) -> x509.Certificate:
    """The server's own certificate, which is the first of its file. Raises ConfigError unless the key is its own."""
    leaf = certificates(cert, cert_where)[0]
    block = _KEY.search(key)
    if block is None:
        raise ConfigError(f"{key_where}: has no private key in PEM, or a damaged one: write it anew")
    if b"ENCRYPTED" in block[0]:
        remedy = "decrypt it (openssl pkey -in FILE -out FILE), and let only the server's user read it"
        raise ConfigError(f"{key_where}: is encrypted, and the server has no password for it: {remedy}")
    try:
        private = load_pem_private_key(block[0], None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"{key_where}: its private key is damaged, or of an unknown kind: write it anew") from None
    if not isinstance(private, rsa.RSAPrivateKey) and not (
        isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, _CURVES)
    ):
        raise ConfigError(f"{key_where}: gRPC serves keys of RSA or of the curves P-256, P-384, P-521: make such one")
    if _public(private.public_key()) != _public(leaf.public_key()):
        raise ConfigError(f"{key_where}: is not the key of the certificate in {cert_where}: write both anew")
    return leaf


def not_after(leaf: x509.Certificate) -> float:
    """Until when it is valid, in Unix time."""
    return leaf.not_valid_after_utc.timestamp()


def names(leaf: x509.Certificate) -> list[str]:
    """The hosts that a certificate is for."""
    try:
        given = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*given.get_values_for_type(x509.DNSName), *map(str, given.get_values_for_type(x509.IPAddress))]


def der(found: list[x509.Certificate]) -> bytes:
    """The certificates as DER, one behind the other."""
    return b"".join(one.public_bytes(Encoding.DER) for one in found)


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]
