"""Who calls, by a token of an issuer that the configuration names."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog

from imagewire_server.config.caller_policies import Policy
from imagewire_server.config.token_issuers import Issuer
from imagewire_server.config.token_rules import claim
from imagewire_server.contract.errors import PermissionDenied
from imagewire_server.core.access.caller import Caller

if TYPE_CHECKING:
    from imagewire_server.core.access.key_source import KeySource

_log = structlog.get_logger("imagewire.tokens")

_LONGEST_SUBJECT = 256
_REMEMBERED = 4096


class Tokens:
    """The issuers, and the callers that are known by their tokens. now: Unix time.

    What a token says is remembered until it expires, so that its signature is checked once.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._sources: dict[str, KeySource] = {}
        self._policies: tuple[Policy, ...] = ()
        # Until when a token holds, and whose it is: nobody's where None.
        self._seen: OrderedDict[bytes, tuple[float, Caller | None]] = OrderedDict()

    @property
    def are_asked_for(self) -> bool:
        """Whether there is an issuer."""
        return bool(self._sources)

    async def use(self, issuers: Iterable[Issuer]) -> None:
        """Take tokens of these issuers from now on. Raises ConfigError where one has no keys: nothing changes."""
        before = {source.issuer: source for source in self._sources.values()}
        made: dict[str, KeySource] = {}
        try:
            for issuer in issuers:
                made[issuer.name] = before.get(issuer) or await self._opened(issuer)
        except BaseException:
            await _close(source for source in made.values() if source not in before.values())
            raise
        self._sources = made
        self._seen.clear()
        await _close(source for source in before.values() if source not in made.values())

    def name(self, policies: Iterable[Policy]) -> None:
        """Know callers by these policies from now on."""
        self._policies = tuple(policy for policy in policies if policy.jwt is not None)
        self._seen.clear()

    async def caller(self, shown: bytes) -> Caller | None:
        """Whose token this is; None if it is no valid one. Raises PermissionDenied if it is of nobody that may call."""
        if not self._sources or shown.count(b".") != 2:
            return None
        digest = hashlib.sha256(shown).digest()
        until, caller = self._seen.get(digest, (0.0, None))
        if until <= self._now():
            # Loaded by `use`, if there is an issuer.
            from imagewire_server.core.access.token_check import InvalidToken  # noqa: PLC0415

            try:
                until, caller = await self._checked(shown)
            except InvalidToken as error:
                _log.debug("a token was refused", why=str(error))
                return None
            self._seen[digest] = until, caller
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        if caller is None:
            raise PermissionDenied("this caller is not allowed here")
        return caller

    async def aclose(self) -> None:
        """Stop looking for other keys."""
        await _close(self._sources.values())

    async def _opened(self, issuer: Issuer) -> "KeySource":
        # In a thread: a server without tokens does not load it, and a reload may be the first to need it.
        module = await asyncio.to_thread(import_module, "imagewire_server.core.access.key_source")
        made: KeySource = module.KeySource(issuer, self._seen.clear)
        await made.open()
        return made

    async def _checked(self, shown: bytes) -> tuple[float, Caller | None]:
        from imagewire_server.core.access import token_check  # noqa: PLC0415

        token = shown.decode("latin-1")
        given = token_check.claimed(token)
        source = self._sources.get(given.issuer)
        if source is None:
            raise token_check.InvalidToken("its issuer is not known")
        if given.algorithm in source.issuer.algorithms and not source.keys.find(given.algorithm, given.kid):
            await source.look()
            if self._sources.get(given.issuer) is not source:  # a reload has replaced it meanwhile
                return await self._checked(shown)
        keys = source.keys.find(given.algorithm, given.kid)
        claims = token_check.verified(token, source.issuer, given.algorithm, keys)
        expires: float = claims["exp"]
        return expires + source.issuer.clock_skew, self._named(source.issuer, claims)

    def _named(self, issuer: Issuer, claims: Mapping[str, Any]) -> Caller | None:
        subject = claim(claims, issuer.caller_claim)
        if not isinstance(subject, str) or not subject.isprintable() or not 0 < len(subject) <= _LONGEST_SUBJECT:
            return None
        for policy in self._policies:
            if policy.jwt is not None and policy.jwt.knows(issuer.name, subject, claims):
                if policy.jwt.is_one:
                    return Caller(policy.name, policy)
                return Caller(f"jwt:{issuer.name}#{subject}", policy, has_own_limits=True)
        return None


async def _close(sources: "Iterable[KeySource]") -> None:
    for source in list(sources):
        await source.aclose()


@asynccontextmanager
async def opened(issuers: Iterable[Issuer]) -> AsyncIterator[Tokens]:
    """The tokens of these issuers, whose keys are looked at as long as the context. Raises ConfigError."""
    made = Tokens()
    await made.use(issuers)
    try:
        yield made
    finally:
        await made.aclose()
