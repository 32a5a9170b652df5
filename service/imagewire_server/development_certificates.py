"""Certificates for development: an authority, and certificates of a server and of a client by it, as files in PEM."""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 365
DEFAULT_NAMES = ("localhost", "127.0.0.1", "::1")

_Signed = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]


class Refused(Exception):
    """The files cannot be made. The text says why, and the remedy."""


def make(folder: Path, names: tuple[str, ...], spiffe: str, days: int, *, force: bool) -> None:
    """Write ca.pem, server.pem and client.pem with their keys. Raises Refused and OSError.

    names: of the server, in addition to DEFAULT_NAMES. spiffe: the id of the client, "" for none. days: for which the
    certificates of server and client are valid. force: replace these two; an authority that is there stays.
    """
    there = [name for name in ("server.pem", "server.key", "client.pem", "client.key") if (folder / name).exists()]
    if there and not force:
        raise Refused(f"{folder / there[0]} exists already: name another folder, or replace it with --force")
    server = x509.SubjectAlternativeName([_host(name) for name in dict.fromkeys((*DEFAULT_NAMES, *names))])
    client = x509.SubjectAlternativeName([_uri(spiffe) if spiffe else x509.DNSName("imagewire-client")])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _authority(folder)
    # A server can show its own certificate too, for example when it is asked for its health.
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    _write(folder, "server", *_signed("imagewire server", server, both, days, authority))
    _write(folder, "client", *_signed("imagewire client", client, both[1:], days, authority))


def _authority(folder: Path) -> _Signed:
    """The one that is there, or a new one."""
    cert, key = folder / "ca.pem", folder / "ca.key"
    if not cert.exists() and not key.exists():
        made = _signed("imagewire development CA", None, [], AUTHORITY_DAYS, None)
        _write(folder, "ca", *made)
        return made
    try:
        private = load_pem_private_key(key.read_bytes(), None)
        known = x509.load_pem_x509_certificate(cert.read_bytes())
    except (OSError, ValueError, TypeError):
        raise Refused(f"{cert} and {key} cannot be used together: remove both, and a new authority is made") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != known.public_key():
        raise Refused(f"{key} is not the key of {cert}: remove both, and a new authority is made")
    if known.not_valid_after_utc < datetime.now(UTC):
        raise Refused(f"{cert} has expired: remove it and {key}, and a new authority is made")
    return private, known


def _signed(
    name: str,
    alternatives: x509.SubjectAlternativeName | None,
    usages: list[x509.ObjectIdentifier],
    days: int,
    authority: _Signed | None,
) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, issuer = (authority[0], authority[1].subject) if authority else (key, subject)
    is_ca = authority is None
    until = now + timedelta(days=days)
    builder = (
        bare(
            subject,
            issuer,
            key.public_key(),
            now - timedelta(minutes=5),  # for clocks that are late
            min(until, authority[1].not_valid_after_utc) if authority else until,
        )
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        .add_extension(_key_usage(is_ca=is_ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if alternatives is not None:
        builder = builder.add_extension(alternatives, critical=False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return key, builder.sign(signer, hashes.SHA256())


def bare(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    """A certificate without extensions, not signed yet, that is valid from `since` to `until`."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _key_usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not name or not name.isascii() or not name.isprintable() or any(mark in name for mark in " /:,@"):
        raise Refused(f"NAME {name!r} is neither a host name nor an IP address")
    return x509.DNSName(name)


def _uri(spiffe: str) -> x509.GeneralName:
    from imagewire_server.core.access.certificates import caller_id  # noqa: PLC0415  # the same check as in a call

    if not spiffe.startswith("spiffe://") or caller_id([spiffe], [], "") != spiffe:
        raise Refused(f"--spiffe {spiffe!r} is no SPIFFE id: write spiffe://TRUST-DOMAIN/PATH")
    return x509.UniformResourceIdentifier(spiffe)


def _write(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, cert: x509.Certificate) -> None:
    """The key first: a server that looks in between keeps what it has."""
    _replace(folder / f"{name}.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _replace(folder / f"{name}.pem", cert.public_bytes(Encoding.PEM))


def _replace(file: Path, text: bytes) -> None:
    """Write a file that only this user can read, in one step."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.touch(mode=0o600, exist_ok=False)
        beside.write_bytes(text)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
