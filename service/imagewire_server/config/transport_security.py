"""The settings of TLS: which go together, and where a server may listen without it."""

import ipaddress
import re
from dataclasses import dataclass

from imagewire_server.config.settings import Settings

# LiteLLM's variables of the same meaning.
VARIABLES = {"SSL_CERTFILE_PATH": "tls_cert", "SSL_KEYFILE_PATH": "tls_key"}

_PATTERN = re.compile(r"(spiffe://[a-z0-9._-]+(/[^/,\s]+)*|cert:[^,]*[^,\s])")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The paths of files in PEM. client_ca: of the authorities of clients, "" where none is asked for a certificate."""

    cert: str
    key: str
    client_ca: str = ""

    @property
    def by_setting(self) -> dict[str, str]:
        """Each path with the setting that names it."""
        found = {"tls_cert": self.cert, "tls_key": self.key, "tls_client_ca": self.client_ca}
        return {setting: path for setting, path in found.items() if path}


def files(given: Settings) -> TlsFiles | None:
    """The files of TLS, None for plain text."""
    return TlsFiles(given.tls_cert, given.tls_key, given.tls_client_ca) if given.tls_cert else None


def is_local(address: str) -> bool:
    """Whether an address can be reached from this machine only."""
    host = address.rpartition(":")[0].strip("[]")
    if address == "off" or address.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a host name
        return False


def ids(given: Settings) -> tuple[str, ...]:
    """The patterns of tls_allowed_ids."""
    return tuple(pattern.strip() for pattern in given.tls_allowed_ids.split(",") if pattern.strip())


def error(given: Settings) -> str:
    """What is wrong with the settings of TLS, "" if nothing is."""
    if bool(given.tls_cert) != bool(given.tls_key):
        one, other = ("tls_cert", "tls_key") if given.tls_cert else ("tls_key", "tls_cert")
        return f"{one} is set without {other}: set both, or neither"
    if given.tls_client_ca and not given.tls_cert:
        return "tls_client_ca is for TLS, which needs a certificate of the server's: set tls_cert and tls_key"
    for name, is_set in (
        ("tls_allowed_ids", given.tls_allowed_ids),
        ("tls_client_suffices", given.tls_client_suffices),
    ):
        if is_set and not given.tls_client_ca:
            return f"{name} is about client certificates, which are not asked for: set tls_client_ca"
    if given.tls_allowed_ids and not ids(given):
        return "tls_allowed_ids names nobody: name ids, or leave it out to allow every verified certificate"
    for pattern in ids(given):
        if not _PATTERN.fullmatch(pattern):
            words = "must be spiffe://TRUST-DOMAIN/PATH or cert:NAME, in which * stands for one segment"
            return f"tls_allowed_ids {words}, not {pattern!r}"
    beyond = [address for address in (given.grpc, given.rest, given.admin) if not is_local(address)]
    if beyond and not given.tls_cert and given.plaintext == "loopback":
        return (
            f"other machines could reach {' and '.join(beyond)}, and nothing would be encrypted: set tls_cert and"
            " tls_key, serve on 127.0.0.1, or, if a proxy or the network protects it, set plaintext to anywhere"
            " (--plaintext anywhere, IMAGEWIRE_PLAINTEXT=anywhere)"
        )
    return ""
