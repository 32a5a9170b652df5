"""The server's certificate for TLS: read from its files, and again when they change. A wrong file changes nothing."""

import asyncio
import os
import ssl
import stat
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from imagewire_server.config.source import ConfigError
from imagewire_server.config.transport_security import TlsFiles
from imagewire_server.core import metrics
from imagewire_server.core.fault_log import describe

_log = structlog.get_logger("imagewire.tls")

_PACE = 1.0  # seconds between two looks at the files
_MOST_BYTES = 1024 * 1024

# What tells that a file is another one, or was written: Kubernetes swaps a link, editors write or rename.
_Stamp = tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What the files held at one time, in PEM. context: for HTTP/1.1. not_after: of the certificate, in Unix time.

    names: the hosts that the certificate is for.
    """

    cert: bytes
    key: bytes
    client_ca: bytes | None
    context: ssl.SSLContext
    not_after: float
    names: tuple[str, ...]


class Certificate:
    """The certificate in use. Raises ConfigError if it cannot be used, which names the file and the remedy."""

    def __init__(self, files: TlsFiles) -> None:
        self.files = files
        self._lock = threading.Lock()
        self._seen: _Stamp | None = None
        self._expiry_told = False
        # Files may be replaced just now.
        while (loaded := self._stable()) is None:
            pass
        self._use(loaded)

    @property
    def current(self) -> Loaded:
        """What new connections use. It may be replaced at any time, as a whole."""
        return self._current

    def look(self, *, again: bool = False) -> None:
        """Read the files if they have changed; again: even if not. What is wrong with them is logged once."""
        with self._lock:
            try:
                if again or self._stamp() != self._seen:
                    loaded = self._stable()
                    if loaded is not None:
                        self._use(loaded)
                        until = _said(loaded.not_after)
                        _log.info("the certificate was read again", file=self.files.cert, valid_until=until)
            except ConfigError as error:
                _log.error("the certificate was not read again, the one before stays in use", why=str(error))
            if time.time() > self._current.not_after and not self._expiry_told:
                self._expiry_told = True
                _log.error(
                    "the certificate has expired, so clients refuse it: replace the file",
                    file=self.files.cert,
                    valid_until=_said(self._current.not_after),
                )

    async def watch(self) -> None:
        """Look each second, in a thread: a file system may hang."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except Exception as error:  # noqa: BLE001  # else nobody would look any more
                _log.error("the certificate was not looked at", **describe(error))
            await asyncio.sleep(_PACE)

    def _use(self, loaded: Loaded) -> None:
        self._current = loaded
        self._expiry_told = False
        metrics.set_certificate_expiry(self.files.cert, loaded.not_after)

    def _stable(self) -> Loaded | None:
        """What the files hold; None if they changed while they were read. Raises ConfigError."""
        before = self._stamp()
        try:
            loaded = _read(self.files)
        except ConfigError:
            if self._stamp() != before:
                return None
            self._seen = before
            raise
        if self._stamp() != before:
            return None
        self._seen = before
        return loaded

    def _stamp(self) -> _Stamp:
        return tuple(_stamp(path) for path in self.files.by_setting.values())


@asynccontextmanager
async def watched(files: TlsFiles | None) -> AsyncIterator[Certificate | None]:
    """The certificate of these files, which is read again when they change. Raises ConfigError."""
    if files is None:
        yield None
        return
    certificate = await asyncio.to_thread(Certificate, files)
    watching = asyncio.create_task(certificate.watch())
    try:
        yield certificate
    finally:
        watching.cancel()
        metrics.forget_certificate(files.cert)


def _stamp(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # of the file that a link leads to
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(files: TlsFiles) -> Loaded:
    """Read and check all files. Raises ConfigError."""
    # Imported here: it is slow to load, and a server without TLS has no use for it.
    from imagewire_server.core import pem  # noqa: PLC0415

    where = {setting: f"{setting} {path}" for setting, path in files.by_setting.items()}
    read = {setting: _content(path, where[setting]) for setting, path in files.by_setting.items()}
    leaf = pem.check_pair(read["tls_cert"], read["tls_key"], where["tls_cert"], where["tls_key"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # A session that is resumed would not show its certificate again, which may have been revoked meanwhile.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    try:
        context.load_cert_chain(files.cert, files.key, password=lambda: b"")
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(f"{where['tls_cert']}: cannot be used ({_reason(error)}): write it anew") from None
    if files.client_ca:
        authorities = pem.certificates(read["tls_client_ca"], where["tls_client_ca"])
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=pem.der(authorities))
    return Loaded(
        read["tls_cert"],
        read["tls_key"],
        read.get("tls_client_ca"),
        context,
        pem.not_after(leaf),
        tuple(pem.names(leaf)),
    )


def _content(path: str, where: str) -> bytes:
    file = Path(path)
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise ConfigError(f"{where}: is not a regular file: name a file in PEM")
        text = file.read_bytes()[: _MOST_BYTES + 1]
    except PermissionError:
        raise ConfigError(f"{where}: may not be read: give the server's user the right to read it") from None
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read ({error.strerror}): name an existing file in PEM") from None
    if len(text) > _MOST_BYTES:
        raise ConfigError(f"{where}: is larger than {_MOST_BYTES} bytes: name a file in PEM")
    return text


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or "unknown reason")


def _said(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))
