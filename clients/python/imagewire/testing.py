"""For the tests of programs that draw: a server over an emulator of Google's API, inside the test's process.

    with imagewire.testing.emulator() as target:
        with imagewire.Client(target) as client:
            client.draw("A banana")
        assert target.pictures_charged == 1

It needs `pip install imagewire-server`, but no key, and costs nothing. For pytest, write
`pytest_plugins = ["imagewire.testing"]` into conftest.py, and use the fixture `imagewire_target`.
"""

import importlib
import json
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from imagewire.errors import NotSupported

_KEY = "emulator-key"


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """A call that the server made to the emulator.

    Attributes:
        model: Google's name of the model, such as "gemini-2.5-flash-image".
        status: The HTTP status.
        outcome: "ok", "error", "client_disconnected", "reset" or "cut"; "open" while it runs.
        pictures_charged: How many pictures Google would have charged.
        request: The body as JSON, with lengths in place of pictures.

    Examples:
        >>> with imagewire.testing.emulator() as target, imagewire.Client(target) as client:
        ...     picture = client.draw("A banana")
        ...     print(target.calls()[0].model)
        gemini-2.5-flash-image
    """

    model: str
    status: int
    outcome: str
    pictures_charged: int
    request: Any


class Emulated(str):
    """The target of a server over an emulator; a text that `imagewire.Client` takes. `emulator` makes it.

    Attributes:
        upstream: The emulator's address, for clients of Google's API.
        api_key: A key that the emulator takes.

    Examples:
        >>> with imagewire.testing.emulator() as target:
        ...     client = imagewire.Client(target)
        ...     client.close()
    """

    __slots__ = ("upstream",)
    upstream: str
    api_key = _KEY

    def calls(self) -> list[UpstreamCall]:
        """The calls to Google's API so far, also those that the server repeated.

        Returns:
            The calls, oldest first.

        Raises:
            OSError: The emulator has ended.

        Examples:
            >>> with imagewire.testing.emulator() as target:
            ...     print(target.calls())
            []
        """
        names = ("model", "status", "outcome", "charged", "body")
        return [UpstreamCall(*(entry[name] for name in names)) for entry in self._ask("GET", "requests")]

    @property
    def pictures_charged(self) -> int:
        """How many pictures Google would have charged so far.

        Returns:
            The number, without drafts.

        Examples:
            >>> with imagewire.testing.emulator() as target, imagewire.Client(target) as client:
            ...     picture = client.draw("A banana")
            ...     print(target.pictures_charged)
            1
        """
        charged: int = self._ask("GET", "charges")["pictures"]
        return charged

    def direct(self, directives: str) -> None:
        """Have later calls to Google's API fail, or answered in another way.

        Args:
            directives: What to do, such as "503 times 1" or "cut@70%"; "" for nothing. The emulator's page has all.

        Raises:
            ValueError: There is no such directive; the message names the nearest.
            OSError: The emulator has ended.

        Examples:
            >>> with imagewire.testing.emulator() as target, imagewire.Client(target) as client:
            ...     target.direct("safety")
            ...     try:
            ...         picture = client.draw("A banana")
            ...     except imagewire.Blocked:
            ...         print("blocked")
            blocked
        """
        try:
            self._ask("POST", "directives", {"directives": directives})
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]["message"]) from None

    def reset(self) -> None:
        """Forget the calls and the directives. Answers that the server keeps stay: use another request_id in each test.

        Raises:
            OSError: The emulator has ended.

        Examples:
            >>> with imagewire.testing.emulator() as target:
            ...     target.reset()
        """
        self._ask("POST", "reset", {})

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(  # noqa: S310  # loopback
            f"{self.upstream}/_emulator/{path}", None if body is None else json.dumps(body).encode(), method=method
        )
        # Never through a proxy of the environment.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.load(answer)


@contextmanager
def emulator() -> Iterator[Emulated]:
    """Run an emulator of Google's API and a server over it, in threads of this process.

    Variables of the environment, such as real keys and proxies, are not read.

    Yields:
        The server's target, which also knows what reached the emulator.

    Raises:
        NotSupported: The server is not installed: `pip install imagewire-server`.

    Examples:
        >>> with imagewire.testing.emulator() as target, imagewire.Client(target) as client:
        ...     print(client.draw("A banana").mime_type)
        image/png
    """
    try:
        # By name, since the client does not need them.
        upstream = importlib.import_module("imagewire_emulator.server")
        server = importlib.import_module("imagewire_server.embedded")
    except ModuleNotFoundError as error:
        raise NotSupported(f"{error.name} is not installed: pip install imagewire-server") from None
    with tempfile.TemporaryDirectory(prefix="imagewire-") as kept, upstream.in_thread() as emulated:
        settings = {"IMAGEWIRE_GEMINI_BASE_URL": emulated.base_url, "IMAGEWIRE_KEEP_DIR": kept}
        started = server.start({"GEMINI_API_KEY": _KEY, **settings})
        target = Emulated(started)
        target.upstream = emulated.base_url
        try:
            yield target
        finally:
            started.end()


try:
    import pytest
except ImportError:  # then nobody needs fixtures
    pass
else:

    @pytest.fixture(scope="session")
    def imagewire_session() -> Iterator[Emulated]:
        """One emulator and server for all tests."""
        with emulator() as target:
            yield target

    @pytest.fixture
    def imagewire_target(imagewire_session: Emulated) -> Emulated:
        """The target of a server over an emulator that has had no calls yet."""
        imagewire_session.reset()
        return imagewire_session
