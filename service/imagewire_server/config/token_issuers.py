"""Reads `imagewire.jwt`: whose tokens say who calls, for whom they must be meant, and where the keys are."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from imagewire_server.config.source import ConfigError, Key, Node, Reader

# Asymmetric ones: whoever can check a token cannot make one.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LONGEST_SKEW = 600.0
_LONGEST_ISSUER = 256


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who makes tokens. name: as in their `iss`. audiences: one of them must be in `aud`. jwks: a file, or a URL.

    algorithms: those that its tokens may have. clock_skew: seconds by which its clock may differ. caller_claim: which
    claim says who calls; that of a claim in another has a dot. where: the place of jwks in the file.
    """

    name: str
    audiences: tuple[str, ...]
    jwks: str
    algorithms: tuple[str, ...] = ALGORITHMS
    clock_skew: float = 60.0
    caller_claim: str = "sub"
    where: str = field(default="imagewire.jwt", compare=False)

    @property
    def is_remote(self) -> bool:
        """Whether its keys are fetched from a URL."""
        return "://" in self.jwks


def read(own: Node | None) -> tuple[Issuer, ...]:
    """Read the issuers under imagewire.jwt, a mapping or a list of them. Raises ConfigError."""
    section = own.at("jwt") if own else None
    found: dict[str, Issuer] = {}
    for entry in () if section is None else [section] if section.is_mapping else section.items("jwt"):
        issuer = _issuer(entry)
        if issuer.name in found:
            raise entry.error(f"two entries of jwt have the issuer {issuer.name!r}; keep one")
        found[issuer.name] = issuer
    return tuple(found.values())


def _issuer(entry: Node) -> Issuer:
    given = entry.read("an entry of jwt", READERS, section="jwt")
    missing = {
        "issuer": "the issuer as its tokens have it in iss",
        "audiences": "what its tokens for this server have in aud",
        "jwks": "a file with its public keys as a JWKS, or their https:// URL",
    }
    for name, what in missing.items():
        if name not in given:
            raise entry.error(f"{name} is missing; add {what}")
    return Issuer(given.pop("issuer"), **given, where=(entry.at("jwks") or entry).where)


def _texts(key: Key, value: Node) -> tuple[str, ...]:
    found = tuple(one.text(key.text) for one in ([value] if value.is_scalar else value.items(key.text)))
    if not found or not all(found):
        raise key.error(f"{key.text} is empty, so no token would do: add some")
    return found


def _name(key: Key, value: Node) -> str:
    text = value.text(key.text)
    # "#" stands between it and the subject in the id of a caller.
    if not text or len(text) > _LONGEST_ISSUER or not text.isprintable() or " " in text or "#" in text:
        raise value.error(
            f"issuer must be as in the tokens' iss, at most {_LONGEST_ISSUER} characters without blanks and '#'"
        )
    return text


def _jwks(key: Key, value: Node) -> str:
    text = value.text(key.text)
    if not text:
        raise value.error("jwks is empty: name a file, or an https:// URL")
    if "://" in text and not value.is_unresolved and not _may_be_fetched(text):
        raise value.error(
            "jwks must be a file, or a URL with https://, a host and no password (http:// on this machine alone)"
        )
    return text


def _may_be_fetched(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, plain = parts.hostname or "", parts.scheme == "http"
        if parts.scheme not in {"https", "http"} or not host or "@" in parts.netloc or parts.fragment:
            return False
        return parts.port != 0 and (not plain or host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:  # an invalid port, or http:// with a host name
        return False


def _algorithms(key: Key, value: Node) -> tuple[str, ...]:
    for one in [value] if value.is_scalar else value.items(key.text):
        if one.text(key.text) == "none" or one.text(key.text).startswith("HS"):
            raise one.error(
                f"algorithms: with {one.text(key.text)} whoever checks a token could make one, or anybody: use"
                f" some of {', '.join(ALGORITHMS)}"
            )
        one.choice(key.text, ALGORITHMS)
    return _texts(key, value)


def _skew(key: Key, value: Node) -> float:
    seconds = value.number(key.text)
    if seconds > _LONGEST_SKEW:
        raise value.error(f"clock_skew must be at most {_LONGEST_SKEW:g} seconds, not {seconds:g}")
    return seconds


def _claim(key: Key, value: Node) -> str:
    if not (text := value.text(key.text)):
        raise value.error("caller_claim is empty: name a claim, or leave it out for sub")
    return text


READERS: dict[str, Reader] = {
    "issuer": _name,
    "audiences": _texts,
    "jwks": _jwks,
    "algorithms": _algorithms,
    "clock_skew": _skew,
    "caller_claim": _claim,
}


def check_used(issuers: tuple[Issuer, ...], used: frozenset[str]) -> None:
    """Raise ConfigError unless some caller is known by each issuer's tokens. used: the issuers that callers name."""
    for issuer in issuers:
        if issuer.name not in used:
            raise ConfigError(
                f"{issuer.where}: no caller is known by tokens of {issuer.name}, so each would be refused: add"
                f" jwt: {{issuer: {issuer.name}}} to an entry of callers"
            )
