"""Who a verified client certificate names, and which of them may call."""

import re
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from imagewire_server.contract.errors import PermissionDenied
from imagewire_server.core.access.caller import Caller

_SPIFFE = "spiffe://"
_SPIFFE_ID = re.compile(r"spiffe://[a-z0-9._-]{1,255}(/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)*")
_LONGEST_SPIFFE_ID, _LONGEST_NAME = 2048, 256


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


def of_properties(properties: "Iterable[tuple[str, Iterable[bytes]]]") -> str:
    """The id by the properties that gRPC has of a peer."""
    found = {name: [value.decode("utf-8", "replace") for value in values] for name, values in properties}
    common_names = found.get("x509_common_name", [""])
    return caller_id(found.get("peer_uri", []), found.get("peer_dns", []), common_names[0])


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
