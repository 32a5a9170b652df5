"""Google Cloud's access tokens: renewed in a thread, by one renewal at a time, ahead of their end.

google-auth's refresh blocks; on the event loop it would hold every call for as long as the token server takes.
"""

import asyncio
import json
import os
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from imagewire_server.contract.errors import Error, Unreachable
from imagewire_server.transport import exhaustion

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
# Renewed in the background when less than this is left, and before them when less than that is.
_AHEAD, _LEAST = 300.0, 10.0

_log = structlog.get_logger("imagewire.token")


@dataclass(frozen=True, slots=True)
class Access:
    """A token and what came with its credentials. expires: seconds of Unix time."""

    token: str = field(repr=False)
    expires: float
    project: str
    quota_project: str


class GoogleToken:
    """The token of one set of credentials. source: a file's path, JSON, or "" for the application default.

    renewal: the last one, None before the first.

    Takes service accounts, authorized users, workload identity federation and impersonation, as google-auth does.
    """

    def __init__(self, source: str, *, now: Callable[[], float] = lambda: datetime.now(UTC).timestamp()) -> None:
        self._source = source
        self._now = now
        self._loaded: tuple[Any, str] | None = None  # the credentials and their project
        self._is_due = False  # whether the token is of credentials that were read again since
        self._access: Access | None = None
        self.renewal: asyncio.Task[Access] | None = None
        self._lock = threading.Lock()
        # Large, and of use here alone: loaded with the first credentials, before a loop could wait for it.
        import google.auth.exceptions  # noqa: PLC0415
        import google.auth.transport.requests  # noqa: PLC0415

        self._failures = (
            google.auth.exceptions.GoogleAuthError,
            OSError,
            *(ValueError, TypeError, LookupError, AttributeError),  # files of another shape
        )
        self._request = google.auth.transport.requests.Request

    async def get(self) -> Access:
        """A token with some life left. Raises Unreachable when none can be had, and Overloaded."""
        access = self._access
        left = access.expires - self._now() if access else 0.0
        if access and left > _LEAST:
            if left < _AHEAD or self._is_due:
                self._renew()
            return access
        return await self._renewed()

    async def project(self) -> str:
        """The project of the credentials, "" for none. No token is fetched for it. Raises as `get` does."""
        if self._access is not None:
            return self._access.project
        try:
            return (await asyncio.to_thread(self._credentials))[1]
        except self._failures as error:
            raise _failed(error) from error

    async def renew(self, refused: Access) -> None:
        """Google refused this token: get another, unless somebody already has."""
        if self._access is None or self._access.token == refused.token:
            self._access = None
            await self._renewed()

    async def reread(self) -> None:
        """Read the credentials again and get a token with them in the background. Calls use the old token until then.

        If they cannot be read, the old ones stay in use.
        """
        if self._loaded is None:
            return  # they are read when they are first needed
        try:
            self._loaded = await asyncio.to_thread(_load, self._source)
        except self._failures as error:
            _log.error("the credentials were not read again: the old ones serve on", kind=type(error).__name__)
            return
        self._is_due = True
        self._renew()

    async def _renewed(self) -> Access:
        # Shielded: one caller that leaves must not end the renewal that others wait for.
        return await asyncio.shield(self._renew())

    def _renew(self) -> asyncio.Task[Access]:
        if self.renewal is None or self.renewal.done():
            self.renewal = asyncio.create_task(self._run())
            self.renewal.add_done_callback(_noticed)
        return self.renewal

    async def _run(self) -> Access:
        loaded = self._loaded
        try:
            self._access = await asyncio.to_thread(self._refresh)
        except self._failures as error:
            raise _failed(error) from error
        self._is_due = self._is_due and loaded is not self._loaded
        return self._access

    def _credentials(self) -> tuple[Any, str]:
        """In a thread: the credentials and their project, loaded the first time."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self._source)
            return self._loaded

    def _refresh(self) -> Access:
        """In the thread: renew the credentials."""
        credentials, project = self._credentials()
        with self._lock:
            credentials.refresh(self._request())
        expiry: datetime | None = credentials.expiry
        return Access(
            token=credentials.token,
            # google-auth's expiry is naive, in UTC.
            expires=expiry.replace(tzinfo=UTC).timestamp() if expiry else self._now() + 3600.0,
            project=project,
            quota_project=getattr(credentials, "quota_project_id", None) or "",
        )


def _failed(error: Exception) -> Error:
    if exhaustion.is_own(error):
        return exhaustion.overloaded()
    # The text may hold paths, hosts and answers of the token server.
    _log.error("no token", kind=type(error).__name__)
    return Unreachable(
        "the server got no token for Vertex AI; nothing was charged: check vertex_credentials, or the"
        " application default credentials, on the imagewire server"
    )


def _load(source: str) -> tuple[Any, str]:
    import google.auth  # noqa: PLC0415  # loaded already

    path = source or os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    if path and not path.lstrip().startswith("{") and not Path(path).is_file():
        raise FileNotFoundError  # google-auth would wait for a pipe's other end
    if not source:
        credentials, project = google.auth.default(scopes=_SCOPES)
        return credentials, project or ""
    with warnings.catch_warnings():
        # The loaders of any kind warn of credentials that a stranger wrote; these are the operator's own.
        warnings.simplefilter("ignore", DeprecationWarning)
        if source.lstrip().startswith("{"):
            credentials, project = google.auth.load_credentials_from_dict(  # type: ignore[no-untyped-call]
                json.loads(source), scopes=_SCOPES
            )
        else:
            credentials, project = google.auth.load_credentials_from_file(  # type: ignore[no-untyped-call]
                source, scopes=_SCOPES
            )
    return credentials, project or ""


def _noticed(task: asyncio.Task[Access]) -> None:
    """A renewal ahead of time that failed was logged; the token at hand still serves."""
    if not task.cancelled():
        task.exception()
