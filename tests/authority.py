"""An authority of the tests' own, and certificates by it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from imagewire_server.development_certificates import bare

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM."""

    cert: bytes
    key: bytes

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """The paths of NAME.pem and NAME.key, as they are now."""
        cert, key = folder / f"{name}.pem", folder / f"{name}.key"
        cert.write_bytes(self.cert)
        key.write_bytes(self.key)
        return cert, key


class Authority:
    """Issues certificates. name: its own, by which two differ."""

    def __init__(self, name: str = "authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.pem = _signed(self._name, self._name, self._key, self._key, timedelta(days=2), None).public_bytes(
            Encoding.PEM
        )

    def issue(
        self,
        *hosts: str,
        uris: tuple[str, ...] = (),
        name: str = "",
        left: timedelta = _DAY,
        key: Key | None = None,
    ) -> Pair:
        """hosts: DNS names and addresses. name: the subject's common name. left: until it ends."""
        own = key or ec.generate_private_key(ec.SECP256R1())
        alternatives = [*map(_host, hosts), *map(x509.UniformResourceIdentifier, uris)]
        made = _signed(_named(name), self._name, own, self._key, left, alternatives)
        secret = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Pair(made.public_bytes(Encoding.PEM), secret)


def certified(host: str) -> tuple[bytes, bytes]:
    """A key and a certificate by itself, in PEM, which a client may trust as it is."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = _named(host)
    made = _signed(own, own, key, key, _DAY, [x509.DNSName(host)])
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret, made.public_bytes(Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: Key,
    signer: ec.EllipticCurvePrivateKey,
    left: timedelta,
    alternatives: list[x509.GeneralName] | None,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = bare(subject, issuer, key.public_key(), now - 2 * _DAY, now + left).add_extension(
        x509.BasicConstraints(ca=alternatives is None, path_length=None), critical=True
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=not subject.rdns)
    return builder.sign(signer, hashes.SHA256())
