"""Reads `imagewire.callers`: who may call beside the holder of the master key, and what each may do."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path

from imagewire_server.config import token_issuers, token_rules
from imagewire_server.config.name_patterns import fits
from imagewire_server.config.source import ConfigError, Key, Node, Reader, parsed
from imagewire_server.config.token_issuers import Issuer
from imagewire_server.config.token_rules import TokenRule

NANO = 10**9
METHODS = ("draw", "images", "models", "metrics", "inspect")
_DEFAULT_METHODS = frozenset({"draw", "images", "models"})
# As a metric's label, in the log and in names of keys of Redis. Names with a blank are the server's own.
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)
_CERTIFICATE = re.compile(r"spiffe://[a-z0-9._-]+(/[A-Za-z0-9._-]+)*|cert:[^\s,]([^,]*[^\s,])?")
_LONGEST_CERTIFICATE = 128
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RESERVED = frozenset({"anonymous"})
# Redis counts in doubles, which are exact up to here.
_MOST_USD = 1_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """What one caller may do. key_sha256: digests of its keys. jwt: the tokens that it is known by. There may be
    neither where name is the id of a client certificate. models: names as requests have them, in which one "*" stands
    for any text. methods: some of METHODS.

    Limits, None for none: calls_at_once; requests_per_minute and pictures_per_minute, in any 60 s; usd_per_day, of a
    day in UTC. usd_per_call: what of it is reserved for a call, None for an estimate by the model's prices.
    """

    name: str
    key_sha256: tuple[bytes, ...] = field(default=(), repr=False)
    models: tuple[str, ...] = ("*",)
    methods: frozenset[str] = _DEFAULT_METHODS
    calls_at_once: int | None = None
    requests_per_minute: int | None = None
    pictures_per_minute: int | None = None
    usd_per_day: float | None = None
    usd_per_call: float | None = None
    jwt: TokenRule | None = None

    def may_ask(self, model: str) -> bool:
        """Whether a request may name this model."""
        return any(pattern in ("*", model) or fits(pattern, model) for pattern in self.models)

    @property
    def has_limits(self) -> bool:
        """Whether anything of it is counted."""
        return any(getattr(self, name) is not None for name in LIMITS)


LIMITS = ("calls_at_once", "requests_per_minute", "pictures_per_minute", "usd_per_day")


def read(own: Node | None, *, certificates: bool = False, issuers: tuple[Issuer, ...] = ()) -> tuple[Policy, ...]:
    """Read the policies under imagewire.callers. certificates: whether clients show any. issuers: of tokens.

    Raises ConfigError.
    """
    section = next((value for key, value in own.pairs("imagewire") if key.text == "callers"), None) if own else None
    found: dict[str, Policy] = {}
    digests: set[bytes] = set()
    for entry in section.items("callers") if section else ():
        policy = _policy(entry, certificates=certificates)
        if policy.jwt is not None:
            policy = replace(policy, jwt=token_rules.of_known_issuer(entry, policy.jwt, issuers))
            _check_reached(entry, policy, found.values())
        if policy.name in found:
            raise entry.error(f"two callers have the name {policy.name!r}; give each its own")
        if digests & set(policy.key_sha256):
            raise entry.error(
                f"the key of {policy.name!r} is another caller's too; make one with: {_make(policy.name)}"
            )
        found[policy.name] = policy
        digests |= set(policy.key_sha256)
    token_issuers.check_used(issuers, frozenset(one.jwt.issuer for one in found.values() if one.jwt))
    return tuple(found.values())


def _check_reached(entry: Node, policy: Policy, before: Iterable[Policy]) -> None:
    for one in before:
        if one.jwt and policy.jwt and one.jwt.has_all_of(policy.jwt):
            raise entry.error(
                f"no token reaches {policy.name!r}, because {one.name!r} above it has them all: move it up"
            )


def nano(usd: float) -> int:
    """Whole billionths of a dollar, never more than it is."""
    return int(Decimal(str(usd)) * NANO)


def check_entry(printed: str) -> None:
    """Raise ConfigError unless the lines below a new key are ones that `read` takes."""
    top = parsed(printed.partition("\n")[2].encode(), Path("NAME or an option"), {})
    read(top.at("imagewire") if top else None)


def check_shares(policies: Iterable[Policy], shares: int) -> None:
    """Raise ConfigError where a limit cannot be split among so many processes, each of which counts for itself."""
    for policy in policies if shares > 1 else ():
        for name in LIMITS[:3]:
            limit = getattr(policy, name)
            if limit is not None and limit < shares:
                raise ConfigError(
                    f"imagewire.callers: {name} of {policy.name!r} is {limit}, and {shares} processes (workers, times"
                    " replicas) share it: raise it, set workers to a smaller number, or set limits_redis, where they"
                    " count together"
                )
        if policy.usd_per_call is not None and nano(policy.usd_per_call) > nano(policy.usd_per_day or 0) // shares:
            raise ConfigError(
                f"imagewire.callers: usd_per_call of {policy.name!r} is {policy.usd_per_call:g}, more than each of"
                f" {shares} processes (workers, times replicas) has of its usd_per_day, so it could never draw: lower"
                " it, raise usd_per_day, set workers to a smaller number, or set limits_redis, where they count"
                " together"
            )


def _policy(entry: Node, *, certificates: bool) -> Policy:
    given = entry.read("an entry of callers", READERS, section="callers")
    if "name" not in given:
        raise entry.error("name is missing; add the caller's name")
    name = given["name"]
    if "jwt" in given:
        if _is_certificate(name):
            raise entry.error(f"{name!r} is known by its client certificate: give the caller with jwt another name")
    elif not given.get("key_sha256") and _is_certificate(name):
        if not certificates:
            raise entry.error(
                f"{name!r} is known by its client certificate, and none is asked for: set tls_client_ca, or key_sha256"
            )
    elif not given.get("key_sha256"):
        raise entry.error(f"key_sha256 of {name!r} is missing: {_make(name)}")
    made = Policy(**given)
    if made.usd_per_call is not None and made.usd_per_day is None:
        raise entry.error(f"usd_per_call of {name!r} is reserved from usd_per_day: set that too, or remove it")
    if made.usd_per_day is not None and (made.usd_per_call or 0.0) > made.usd_per_day:
        raise entry.error(f"usd_per_call of {name!r} is more than its usd_per_day, so it could never draw: lower it")
    return made


def _make(name: str) -> str:
    return f"make a key with: imagewire-server key new {name}"


def name_error(name: str) -> str:
    """The error of a caller's name, "" if it is valid."""
    if (_NAME.fullmatch(name) and name not in _RESERVED) or _is_certificate(name):
        return ""
    return (
        f"{name!r} is no name of a caller: use at most 64 letters, digits, '.', '_' and '-', beginning with a letter or"
        " digit, and not 'anonymous'; or the id of a client certificate, spiffe://TRUST-DOMAIN/PATH or cert:NAME, of"
        f" at most {_LONGEST_CERTIFICATE} characters"
    )


def _is_certificate(name: str) -> bool:
    """Whether a client certificate can have this id."""
    return len(name) <= _LONGEST_CERTIFICATE and name.isprintable() and _CERTIFICATE.fullmatch(name) is not None


def _name(_: Key, value: Node) -> str:
    text = value.text("name")
    if value.is_unresolved:
        return value.reference
    if words := name_error(text):
        raise value.error(words)
    return text


def _digests(_: Key, value: Node) -> tuple[bytes, ...]:
    found = []
    for one in [value] if value.is_scalar else value.items("key_sha256"):
        text = one.text("key_sha256")
        if one.is_unresolved:  # its value is not looked up: any other stands for it
            text = hashlib.sha256(text.encode()).hexdigest()
        if not _DIGEST.fullmatch(text.lower()):
            # It may be the key itself: it is not shown.
            raise one.error(
                "key_sha256 must be the SHA-256 of a key, 64 hexadecimal digits, which imagewire-server key new prints;"
                " never put the key itself here"
            )
        found.append(bytes.fromhex(text))
    return tuple(found)


def _names(key: Key, value: Node) -> tuple[str, ...]:
    found = tuple(one.text(key.text) for one in ([value] if value.is_scalar else value.items(key.text)))
    if not found:
        raise key.error(f"{key.text} is empty, so the caller could do nothing: add some, or remove the caller")
    return found


def _models(key: Key, value: Node) -> tuple[str, ...]:
    for pattern in (found := _names(key, value)):
        if pattern.count("*") > 1:
            raise value.error(f"models: {pattern!r} has more than one '*'; list several names instead")
    return found


def _methods(key: Key, value: Node) -> frozenset[str]:
    for one in [value] if value.is_scalar else value.items(key.text):
        one.choice("methods", METHODS)
    return frozenset(_names(key, value))


def _count(key: Key, value: Node) -> int:
    return value.whole(key.text, least=1)


def _dollars(key: Key, value: Node) -> float:
    dollars = value.number(key.text)
    if not 1 / NANO <= dollars <= _MOST_USD:
        raise value.error(f"{key.text} must be more than 0 and at most {_MOST_USD}, not {dollars:g}")
    return dollars


READERS: dict[str, Reader] = {
    "name": _name,
    "key_sha256": _digests,
    "models": _models,
    "methods": _methods,
    "calls_at_once": _count,
    "requests_per_minute": _count,
    "pictures_per_minute": _count,
    "usd_per_day": _dollars,
    "usd_per_call": _dollars,
    "jwt": token_rules.read,
}
assert set(READERS) == {one.name for one in fields(Policy)}  # noqa: S101  # no key is read and then lost
