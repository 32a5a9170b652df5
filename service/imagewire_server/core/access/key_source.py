"""Where the keys of an issuer are, a file or a URL: read at the start, and again and again. What is wrong changes
nothing.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import structlog

from imagewire_server.config.file_content import UnusableFile, bounded
from imagewire_server.config.shown_url import without_password
from imagewire_server.config.source import ConfigError
from imagewire_server.config.token_issuers import Issuer
from imagewire_server.core.access.key_set import KeySet, WrongKeySet
from imagewire_server.core.fault_log import describe
from imagewire_server.transport.key_fetch import MAX_BYTES, KeyFetcher, KeysUnavailable

_log = structlog.get_logger("imagewire.tokens")

# Seconds between two looks, and between two for tokens that name an unknown key: of files, and of URLs.
_FILE_PACE, _URL_PACE = 2.0, 300.0
_LEAST_FILE_PACE, _LEAST_URL_PACE = 1.0, 10.0
_FAULTS = (UnusableFile, KeysUnavailable, WrongKeySet)


class KeySource:
    """The keys of one issuer. changed: called when they are others. clock: monotonic seconds."""

    def __init__(
        self, issuer: Issuer, changed: Callable[[], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.issuer = issuer
        self._changed = changed
        self._clock = clock
        self._fetcher = KeyFetcher(issuer.jwks) if issuer.is_remote else None
        self._read: Callable[[], Awaitable[bytes]] = self._fetcher.fetch if self._fetcher else self._content
        self._least = _LEAST_URL_PACE if issuer.is_remote else _LEAST_FILE_PACE
        self._text = b""
        self._keys: KeySet | None = None
        self._looked = -math.inf
        self._fault = ""
        self._looking: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def keys(self) -> KeySet:
        """The keys in use. They may be replaced at any time, as a whole."""
        assert self._keys is not None  # noqa: S101  # it was opened
        return self._keys

    async def open(self) -> None:
        """Read the keys for the first time. Raises ConfigError, with the line of the file and the remedy."""
        try:
            await self._load()
        except _FAULTS as error:
            raise _wrong(self.issuer, error) from error
        finally:
            if self._keys is None:
                await self.aclose()
        self._watching = asyncio.create_task(self._watch())

    async def look(self) -> None:
        """Read the keys again, as a token names one that is not known; but not if that was done a moment ago.

        Who asks while they are read waits for it.
        """
        if self._looking is None and self._clock() - self._looked >= self._least:
            self._looking = asyncio.create_task(self._look())
        if self._looking is not None:
            # Not awaited itself: where it is stopped, those who wait are not.
            await asyncio.wait([self._looking])

    async def aclose(self) -> None:
        """Stop looking."""
        tasks = [task for task in (self._watching, self._looking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._fetcher is not None:
            await self._fetcher.aclose()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_URL_PACE if self.issuer.is_remote else _FILE_PACE)
            await self.look()

    async def _look(self) -> None:
        """Read the keys; where that fails, those before stay in use. What is wrong is logged once."""
        try:
            await self._load()
        except _FAULTS as error:
            self._tell(str(error), {"why": f"{without_password(self.issuer.jwks)} {error}"})
        except Exception as error:  # noqa: BLE001  # else nobody would look any more
            self._tell(type(error).__name__, describe(error))
        else:
            if self._fault:
                self._fault = ""
                _log.info("the keys of an issuer can be read again", issuer=self.issuer.name)
        finally:
            self._looked = self._clock()
            self._looking = None

    def _tell(self, fault: str, described: dict[str, object]) -> None:
        if fault != self._fault:
            self._fault = fault
            words = "the keys of an issuer were not read again, those before stay in use"
            _log.error(words, issuer=self.issuer.name, **described)

    async def _load(self) -> None:
        text = await self._read()
        if text != self._text:
            is_first = self._keys is None
            self._keys = KeySet(text, self.issuer.algorithms)
            self._text = text
            self._changed()
            if not is_first:
                _log.info("the keys of an issuer were read again", issuer=self.issuer.name)

    async def _content(self) -> bytes:
        return await asyncio.to_thread(bounded, Path(self.issuer.jwks), MAX_BYTES)


def check(issuers: Iterable[Issuer]) -> None:
    """Raise ConfigError unless the keys in files can be used. Those at URLs are not fetched."""
    for issuer in issuers:
        if not issuer.is_remote:
            try:
                KeySet(bounded(Path(issuer.jwks), MAX_BYTES), issuer.algorithms)
            except _FAULTS as error:
                raise _wrong(issuer, error) from error


def _wrong(issuer: Issuer, error: Exception) -> ConfigError:
    return ConfigError(
        f"{issuer.where}: jwks {without_password(issuer.jwks)} {error}; name a file, or a URL, with the public keys of"
        f" {issuer.name} as a JWKS"
    )
