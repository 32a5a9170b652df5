"""Who a verified client certificate names, and which of them may call."""

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from imagewire_server.contract.errors import PermissionDenied
from imagewire_server.core.access.caller import Caller

_SPIFFE = "spiffe://"
_SPIFFE_ID = re.compile(r"spiffe://[a-z0-9._-]{1,255}(/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)*")
_LONGEST_SPIFFE_ID, _LONGEST_NAME = 2048, 256
_REMEMBERED = 1024  # certificates: each call asks whose its connection is


def caller_id(uris: Sequence[str], dns: Sequence[str], common_name: str) -> str:
    """The id of who a certificate names, "" if it names nobody.

    A SPIFFE id is one by itself. It must be the only URI, as its standard demands. Otherwise the first DNS name, the
    first URI or the subject's common name, in this order, stands behind "cert:".
    """
    if any(uri.lower().startswith(_SPIFFE) for uri in uris):
        [uri, *others] = uris
        is_id = not others and len(uri) <= _LONGEST_SPIFFE_ID and _SPIFFE_ID.fullmatch(uri) is not None
        return uri if is_id else ""
    name = next(iter((*dns, *uris, common_name)))
    fine = name.isprintable() and name == name.strip() and 0 < len(name) <= _LONGEST_NAME and "," not in name
    return f"cert:{name}" if fine else ""


@lru_cache(_REMEMBERED)
def of_pem(certificate: bytes) -> str:
    """The id by a certificate that is verified, "" also where its names cannot be read.

    gRPC has the names by themselves too, but ends them where they have a zero byte.
    """
    # Servers without client certificates do not need it.
    from cryptography import x509  # noqa: PLC0415

    try:
        read = x509.load_pem_x509_certificate(certificate)
        subject = read.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        extensions = read.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return ""
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        dns = names.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        uris = dns = []
    return caller_id(uris, dns, str(subject[0].value) if subject else "")


def of_peercert(certificate: "dict[str, Any]", now: float) -> str:
    """The id by what Python's ssl has of a peer; "" for a certificate that has expired by `now`, in Unix time.

    A session of TLS 1.2 that is resumed does not show its certificate again.
    """
    if ssl.cert_time_to_seconds(certificate["notAfter"]) < now:
        return ""
    alternatives = certificate.get("subjectAltName", ())
    subject = [value for names in certificate.get("subject", ()) for name, value in names if name == "commonName"]
    return caller_id(
        [value for kind, value in alternatives if kind == "URI"],
        [value for kind, value in alternatives if kind == "DNS"],
        next(iter(subject), ""),
    )


@dataclass(frozen=True, slots=True)
class CertificateRule:
    """Which client certificates may call.

    allowed: patterns of ids, in which "*" is any one segment between slashes; empty for every id. suffices: whether
    such a caller needs no key.
    """

    allowed: tuple[str, ...] = ()
    suffices: bool = False

    def caller(self, ident: str) -> Caller:
        """The caller of an id, as it stands without a key. Raises PermissionDenied unless it may call."""
        if not ident or (self.allowed and not any(_fits(ident, pattern) for pattern in self.allowed)):
            raise PermissionDenied("this caller is not allowed here")
        return Caller(ident, ambient=True)


def _fits(ident: str, pattern: str) -> bool:
    segments, wanted = ident.split("/"), pattern.split("/")
    return len(segments) == len(wanted) and all(
        want in {"*", segment} for segment, want in zip(segments, wanted, strict=True)
    )
