"""Reads `jwt` of an entry of `imagewire.callers`: by which tokens a caller is known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from imagewire_server.config.name_patterns import fits
from imagewire_server.config.source import Key, Node, Reader
from imagewire_server.config.token_issuers import Issuer


@dataclass(frozen=True, slots=True)
class TokenRule:
    """Which tokens: those of the issuer whose caller is `subject`, in which one "*" stands for any text, and that have
    all of `claims`, as pairs of a claim and a value.
    """

    issuer: str
    subject: str = "*"
    claims: tuple[tuple[str, str], ...] = ()

    @property
    def is_one(self) -> bool:
        """Whether it knows one subject; else each of those that it knows is a caller of its own."""
        return "*" not in self.subject

    def has_all_of(self, other: "TokenRule") -> bool:
        """Whether it is certain that it knows each token that the other one knows."""
        return (
            self.issuer == other.issuer
            and self._fits(other.subject)  # a "*" in it too: it stands for what this one's stands for, or for less
            and set(self.claims) <= set(other.claims)
        )

    def knows(self, issuer: str, subject: str, claims: Mapping[str, Any]) -> bool:
        """Whether it knows a token with these claims, which was checked."""
        return (
            self.issuer == issuer
            and self._fits(subject)
            and all(value in _values(name, claim(claims, name)) for name, value in self.claims)
        )

    def _fits(self, subject: str) -> bool:
        return self.subject == subject or fits(self.subject, subject)

    def __str__(self) -> str:
        more = "".join(f", {name} {value}" for name, value in self.claims)
        return f"{self.subject} of {self.issuer}{more}"


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name; a dot leads into a claim that holds others. None if there is none."""
    if name in claims:
        return claims[name]
    outer, _, inner = name.partition(".")
    found = claims.get(outer)
    return claim(found, inner) if inner and isinstance(found, dict) else None


def _values(name: str, given: Any) -> list[str]:
    """The values of a claim, which may be a list. Scopes stand in one text, with blanks between them."""
    if isinstance(given, str) and name in {"scope", "scp"}:
        return given.split(" ")
    return [_text(one) for one in (given if isinstance(given, list) else [given])]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else ""


def read(_: Key, value: Node) -> TokenRule:
    """Read one. Its issuer is "" if it is left out. Raises ConfigError."""
    return TokenRule(**({"issuer": ""} | value.read("jwt", READERS, section="jwt of a caller")))


def _issuer(key: Key, value: Node) -> str:
    if not (text := value.text(key.text)):
        raise value.error("issuer is empty: name one of imagewire.jwt, or leave it out if there is only one")
    return text


def _subject(key: Key, value: Node) -> str:
    text = value.text(key.text)
    if not text or text.count("*") > 1:
        raise value.error("subject must be text, in which it may have one '*'")
    return text


def _claims(_: Key, value: Node) -> tuple[tuple[str, str], ...]:
    return tuple(_required(name, one) for name, one in value.pairs("claims"))


def _required(name: Key, value: Node) -> tuple[str, str]:
    plain = value.plain() if value.is_scalar else ""
    text = _text(plain) if isinstance(plain, bool) else value.text(name.text)
    if not text:
        raise value.error(f"claims: {name.text} is empty: name the value that tokens must have")
    return name.text, text


READERS: dict[str, Reader] = {"issuer": _issuer, "subject": _subject, "claims": _claims}


def of_known_issuer(entry: Node, rule: TokenRule, issuers: tuple[Issuer, ...]) -> TokenRule:
    """The rule with its issuer, one of these. Raises ConfigError."""
    names = [issuer.name for issuer in issuers]
    if not names:
        raise entry.error("this caller is known by tokens, and no issuer of tokens is: add imagewire.jwt")
    if not rule.issuer and len(names) > 1:
        raise entry.error(f"jwt of this caller needs issuer, one of {', '.join(names)}")
    if rule.issuer and rule.issuer not in names:
        words = f"jwt of this caller has the issuer {rule.issuer!r}"
        raise entry.error(f"{words}, which imagewire.jwt has not: it has {', '.join(names)}")
    return replace(rule, issuer=rule.issuer or names[0])
