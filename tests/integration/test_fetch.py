"""The fetcher against real listeners on loopback, which count every connection: what is refused costs no packet."""

import asyncio
import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from imagewire_server import __version__
from imagewire_server.transport.image_fetch import FetchLimits, ImageFetcher, Unfetchable
from imagewire_server.transport.public_addresses import Address, is_public
from tests.pictures import PNG, encoded
from tests.sdk.certificates import certified
from tests.unit.transport.test_public_addresses import HOSTS, PRIVATE, PUBLIC, URLS

HTTP = frozenset({"http"})
BOTH = frozenset({"http", "https"})
NAME = "pictures.example"

Reply = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes = PNG, status: str = "200 OK", **headers: str) -> bytes:
    """An HTTP answer. headers: as keywords, "_" for "-", an empty one is left out."""
    given = {"content-length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """An answer that sends the caller elsewhere."""
    return answer(b"", status, location=location)


@dataclass
class Listener:
    """A server of one answer after the other; the last one is repeated."""

    replies: list[Reply]
    port: int = 0
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    _handlers: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(OSError):
                self.heads.append((await reader.read(65536)).decode("latin-1"))
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if isinstance(reply, bytes):
                    writer.write(reply)
                    await writer.drain()
                else:
                    await reply(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def ended(self) -> None:
        """Return when every connection is closed."""
        await asyncio.gather(*self._handlers, return_exceptions=True)


@asynccontextmanager
async def listening(
    *replies: Reply, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Listener]:
    """A listener on loopback, which answers with a picture unless told otherwise."""
    listener = Listener(list(replies) or [answer()])
    if tls is not None:
        tls.sni_callback = lambda _, name, __: listener.names.append(name)
    server = await asyncio.start_server(listener.serve, host, port, ssl=tls)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener
        await listener.ended()


async def connections_to(listener: Listener, host: str = "127.0.0.1") -> int:
    """How many there were. A port serves its queue in order: when ours is answered, all before it are counted."""
    reader, writer = await asyncio.open_connection(host, listener.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await reader.read()
    writer.close()
    await writer.wait_closed()
    listener.connections -= 1
    listener.heads.pop()
    return listener.connections


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the caller hangs up."""
    await reader.read()


def stuck_after(start: bytes) -> Reply:
    """Say so much and then nothing."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await reader.read()

    return reply


def endless(start: bytes, piece: bytes) -> Reply:
    """Say so much and then the same until the caller hangs up."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return reply


@dataclass
class Names:
    """A DNS of our own: answers in turn, the last one is repeated."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Resolve."""
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def names(*answers: Sequence[str]) -> Names:
    """A DNS of these answers, 127.0.0.1 without any."""
    return Names(list(answers) or [["127.0.0.1"]])


@asynccontextmanager
async def fetching(limits: FetchLimits | None = None, **given: Any) -> AsyncIterator[ImageFetcher]:
    """A fetcher that may reach loopback by plain HTTP, unless told otherwise."""
    fetcher = ImageFetcher(
        limits,
        **{"schemes": HTTP, "resolve": names(), "allowed": lambda address: address.is_loopback, **given},
    )
    try:
        yield fetcher
    finally:
        await fetcher.aclose()


async def refused(url: str, words: str, limits: FetchLimits | None = None, **given: Any) -> str:
    """The text of a refusal."""
    async with fetching(limits, **given) as fetcher:
        with pytest.raises(Unfetchable, match=words) as error:
            await fetcher.fetch(url)
    text = str(error.value)
    assert not any(secret in text for secret in ("127.0.0", "::1", NAME, "Errno", "SSL", "secret"))
    return text


def only(*addresses: str) -> Callable[[Address], bool]:
    """A world in which these addresses are the public ones."""
    return lambda address: str(address) in addresses


# What is refused before a packet is sent.


async def test_no_packet_leaves_for_a_host_of_the_table_and_no_name_is_looked_up() -> None:
    resolve = names(["127.0.0.1", "::1"])
    async with listening() as four, listening(host="::1") as six:
        ports = {80, 443, four.port, six.port}
        async with fetching(schemes=BOTH, resolve=resolve, allowed=is_public, ports=ports) as fetcher:
            for host in HOSTS:
                for end in ("", f":{four.port}/a.png", f":{six.port}/a.png", f":{four.port}"):
                    for scheme in BOTH:
                        with pytest.raises(Unfetchable):
                            await fetcher.fetch(f"{scheme}://{host}{end}")
        assert resolve.asked == []
        assert await connections_to(four) == 0
        assert await connections_to(six, "::1") == 0


@pytest.mark.parametrize("url", URLS)
async def test_no_name_is_looked_up_for_a_url_of_the_table(url: str) -> None:
    resolve = names()
    fetcher = ImageFetcher(resolve=resolve)
    with pytest.raises(Unfetchable):
        await fetcher.fetch(url)
    await fetcher.aclose()
    assert resolve.asked == []


async def test_a_name_with_an_answer_that_is_not_public_is_refused() -> None:
    async with listening() as four, listening(host="::1") as six:
        for private in PRIVATE:
            for answers in ([private], [PUBLIC[0], private], [private, PUBLIC[0]], [*PUBLIC, private]):
                for listener in (four, six):
                    url = f"http://{NAME}:{listener.port}/a.png"
                    given = {"resolve": names(answers), "allowed": is_public, "ports": {listener.port}}
                    await refused(url, "not public; send the picture itself", **given)
        assert await connections_to(four) == 0
        assert await connections_to(six, "::1") == 0


async def test_a_name_that_changes_its_address_reaches_only_what_was_checked() -> None:
    async with listening() as public, listening(host="127.0.0.2", port=public.port) as private:
        resolve = names(["127.0.0.1"], ["127.0.0.2"])
        url = f"http://{NAME}:{public.port}/a.png"
        async with fetching(resolve=resolve, allowed=only("127.0.0.1"), ports={public.port}) as fetcher:
            assert await fetcher.fetch(url) == PNG
            assert resolve.asked == [NAME]  # what was checked is what was connected to: nobody asked twice
            with pytest.raises(Unfetchable, match="not public"):
                await fetcher.fetch(url)  # neither an old answer nor an old connection is used again
        assert resolve.asked == [NAME, NAME]
        assert await connections_to(public) == 1
        assert await connections_to(private, "127.0.0.2") == 0


async def test_a_name_that_changes_its_address_between_redirects() -> None:
    async with listening(redirect("/b.png"), answer()) as public:
        async with listening(host="127.0.0.2", port=public.port) as private:
            resolve = names(["127.0.0.1"], ["127.0.0.2"])
            given = {"resolve": resolve, "allowed": only("127.0.0.1"), "ports": {public.port}}
            await refused(f"http://{NAME}:{public.port}/a.png", "not public", **given)
            assert await connections_to(private, "127.0.0.2") == 0
        assert await connections_to(public) == 1


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["127.0.0.1", "::1"]])
async def test_no_socket_is_made_for_what_is_no_longer_allowed(answers: list[str]) -> None:
    verdicts = [True] * len(answers)
    async with listening() as listener:
        given = {
            "resolve": names(answers),
            "allowed": lambda _: bool(verdicts and verdicts.pop()),
            "ports": {listener.port},
        }
        await refused(f"http://{NAME}:{listener.port}/a.png", "cannot be reached", **given)
        assert await connections_to(listener) == 0


# Redirects.


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://127.0.0.2:{port}/", "not public"),
        ("//127.0.0.2:{port}/", "not public"),
        ("http://2130706434:{port}/", "not public"),
        ("http://0177.0.0.2:{port}/", "not public"),
        ("http://127.2:{port}/", "not public"),
        ("http://[::ffff:127.0.0.2]:{port}/", "not public"),
        ("http://localhost:{port}/", "not public"),
        ("http://private.internal:{port}/", "not public"),
        ("http://private.example:{port}/", "not public"),
        ("//private.example:{port}/", "not public"),
        ("http://private.example/", "a port other than the default of http"),
        ("http://a@private.example:{port}/", "a user name"),
        ("http://pictures.example:{port}@127.0.0.2:{port}/", "a user name"),
        ("http://pictures.example\\@127.0.0.2:{port}/", "a backslash"),
        ("https://private.example:{port}/", "must start with http://"),
        ("file:///etc/passwd", "must start with http://"),
        ("gopher://127.0.0.2:{port}/_GET", "must start with http://"),
        ("data:image/png;base64,AAAA", "must start with http://"),
        ("http://[bad/", "not a URL"),
        ("/\\127.0.0.2:{port}/", "a backslash"),
        ("/\t/127.0.0.2:{port}/", "unprintable"),
        ("/a b", "a space"),
        ("/\x80", "unprintable"),
        ("/" * 3000, "has 3000 characters"),
    ],
    ids=lambda value: value[:50],
)
async def test_a_redirect_is_judged_like_any_url(location: str, words: str) -> None:
    resolve = names(["127.0.0.1"], ["127.0.0.2"])
    async with listening() as public, listening(host="127.0.0.2", port=public.port) as private:
        # The second answer is for whoever goes on to the server that sent it away.
        there = redirect(location.format(port=public.port)).replace("\x80".encode(), b"\x80")
        public.replies = [there, answer()]
        given = {"resolve": resolve, "allowed": only("127.0.0.1"), "ports": {public.port}}
        await refused(f"http://{NAME}:{public.port}/a.png", words, **given)
        assert await connections_to(private, "127.0.0.2") == 0
        assert await connections_to(public) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_as_far_as_allowed(status: int) -> None:
    hops = [redirect("/b", f"{status} Moved"), redirect("c?x=%2F", f"{status} Moved")]
    async with listening(*hops, answer()) as listener, fetching(ports={listener.port}) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{listener.port}/a/") == PNG
    paths = [head.split()[1] for head in listener.heads]
    assert paths == ["/a/", "/b", "/c?x=%2F"]
    assert all(head.startswith("GET ") for head in listener.heads)


async def test_a_loop_of_redirects_ends() -> None:
    async with listening(redirect("/a")) as listener:
        url = f"http://{NAME}:{listener.port}/a"
        await refused(url, "redirects more than 3 times", ports={listener.port})
        assert await connections_to(listener) == 4
        await refused(url, "redirects more than 0 times", FetchLimits(max_redirects=0), ports={listener.port})
        assert await connections_to(listener) == 5


@pytest.mark.parametrize(
    "status", ["300 Choices", "302 Found", "304 Not Modified", "305 Use Proxy", "206 Partial Content"]
)
@pytest.mark.parametrize("status_only", [True, False])
async def test_other_answers_than_a_picture_are_refused(status: str, status_only: bool) -> None:
    given = {} if status_only or status.startswith("302") else {"location": "/b"}
    async with listening(answer(b"", status, **given)) as listener:
        words = f"returned status {status[:3]} instead of 200"
        await refused(f"http://{NAME}:{listener.port}/a", words, ports={listener.port})
        assert await connections_to(listener) == 1


# The body.


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (answer(PNG, content_length="1001"), "larger than 1000 bytes"),
        (answer(PNG, content_length=str(2**64)), "larger than 1000 bytes|not valid HTTP"),
        (answer(PNG + bytes(1001), content_length=""), "larger than 1000 bytes"),
        (
            answer(b"3e9\r\n" + PNG.ljust(1001) + b"\r\n0\r\n\r\n", content_length="", transfer_encoding="chunked"),
            "larger than",
        ),
        (endless(answer(PNG, content_length=""), bytes(999)), "larger than 1000 bytes"),
        (answer(b""), "not a supported image file; use one of PNG"),
        (answer(b"<svg/>", content_type="image/png"), "not a supported image file"),
        (answer(b'{"AccessKeyId": "secret"}', content_type="image/png"), "not a supported image file"),
        (answer(b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\x00\x01\x00\x00" * 2), "more than 100000000 pixels"),
        (answer(gzip.compress(PNG), content_encoding="gzip"), "compressed"),
        (answer(PNG, content_encoding="br"), "compressed"),
        (answer(gzip.compress(PNG)), "not a supported image file"),
        (answer(PNG, content_length="900"), "cut its answer off"),
        (answer(PNG, content_length="nine"), "not valid HTTP"),
        (answer(b"xyz\r\n", content_length="", transfer_encoding="chunked"), "cut its answer off|not valid HTTP"),
        (b"SSH-2.0-secret\r\n", "not valid HTTP"),
        (b"", "cut its answer off"),
        (answer(status="404 secret"), "status 404"),
        (answer(status="500 secret"), "status 500"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 4000 + b"\r\n"), "not valid HTTP"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"y" * 4000), "not valid HTTP"),
    ],
    ids=lambda value: getattr(value, "__qualname__", None) or repr(value)[:60],
)
async def test_an_answer_is_refused(reply: Reply, words: str) -> None:
    async with listening(reply) as listener:
        url = f"http://{NAME}:{listener.port}/a.png"
        await refused(url, words, FetchLimits(max_bytes=1000, timeout=5), ports={listener.port})


@pytest.mark.parametrize(
    "reply",
    [
        answer(PNG.ljust(1000)),
        answer(PNG.ljust(1000), content_length=""),
        answer(PNG.ljust(1000), content_encoding="identity", content_type="text/html"),
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(PNG.ljust(1000)),
    ],
)
async def test_a_body_at_the_cap_is_fetched(reply: bytes) -> None:
    async with listening(reply) as listener, fetching(FetchLimits(max_bytes=1000), ports={listener.port}) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{listener.port}/a.png") == PNG.ljust(1000)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_a_large_picture_of_each_kind(kind: str) -> None:
    picture = encoded(kind, 64, 64).ljust(3_000_000)
    async with listening(answer(picture)) as listener, fetching(ports={listener.port}) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{listener.port}/a") == picture


# Time, failures, cancellation.


@pytest.mark.parametrize(
    "reply",
    [
        silence,
        stuck_after(b"HTTP/1.1 200 OK\r\n"),
        stuck_after(answer(PNG, content_length="900")),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless(answer(b"", content_length="", transfer_encoding="chunked"), b"1\r\nx\r\n"),
        redirect("/a"),
    ],
    ids=["head", "headers", "body", "continue", "drops", "redirects"],
)
async def test_the_time_out_spans_everything(reply: Reply) -> None:
    limits = FetchLimits(timeout=0.2, max_redirects=10**9, max_bytes=10**9)
    async with listening(reply) as listener:
        await refused(
            f"http://{NAME}:{listener.port}/a",
            r"took longer than 0\.2 s to fetch; try again",
            limits,
            ports={listener.port},
        )


async def test_a_look_up_and_a_handshake_that_hang_time_out() -> None:
    async def hangs(host: str, port: int) -> Sequence[str]:
        return await asyncio.get_running_loop().create_future()

    await refused(f"http://{NAME}/a", r"took longer than 0\.1 s", FetchLimits(timeout=0.1), resolve=hangs)
    async with listening(silence) as listener:
        given = {"schemes": {"https"}, "ports": {listener.port}}
        await refused(
            f"https://{NAME}:{listener.port}/a", r"took longer than 0\.1 s", FetchLimits(timeout=0.1), **given
        )


async def test_failures_before_an_answer() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "secret")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        await refused(f"http://{NAME}:{port}/a", "cannot be reached; try again later", ports={port})
    await refused(f"http://{NAME}/a", "cannot be resolved; correct it", resolve=unknown)
    await refused(f"http://{NAME}/a", "cannot be resolved; correct it", resolve=names([]))


async def test_a_cancelled_fetch_ends_its_call() -> None:
    asked = asyncio.Event()

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()

    async with listening(reply) as listener, fetching(ports={listener.port}) as fetcher:
        task = asyncio.create_task(fetcher.fetch(f"http://{NAME}:{listener.port}/a"))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await listener.ended()


async def test_another_address_of_the_name_is_tried() -> None:
    resolve = names(["127.0.0.1", "::1"])
    async with listening(host="::1") as listener, fetching(ports={listener.port}, resolve=resolve) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{listener.port}/a") == PNG


# What is sent.


async def test_what_a_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(answer(set_cookie="a=b; Path=/")) as listener, listening() as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        resolve = names()
        async with fetching(ports={listener.port}, resolve=resolve) as fetcher:
            for _ in range(2):
                assert await fetcher.fetch(f"http://{NAME}:{listener.port}/B%C3%A4r%2f?x=+&y=%7E#z") == PNG
            assert await fetcher.fetch(f"http://127.0.0.1:{listener.port}/a") == PNG
        assert resolve.asked == [NAME, NAME]
        assert await connections_to(proxy) == 0
    first, second, literal = listener.heads
    assert first == second
    lines = first.strip().split("\r\n")
    assert lines[0] == "GET /B%C3%A4r%2f?x=+&y=%7E HTTP/1.1"
    assert {line.lower() for line in lines[1:]} == {
        f"host: {NAME}:{listener.port}",
        "accept: image/*",
        "accept-encoding: identity",
        f"user-agent: imagewire/{__version__}",
        "connection: close",
    }
    assert f"Host: 127.0.0.1:{listener.port}\r\n" in literal


async def test_none_waits_for_another() -> None:
    together = asyncio.Barrier(120)

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await together.wait()
        writer.write(answer())
        await writer.drain()

    async with listening(reply) as listener, fetching(ports={listener.port}) as fetcher:
        url = f"http://{NAME}:{listener.port}/a"
        assert await asyncio.gather(*(fetcher.fetch(url) for _ in range(120))) == [PNG] * 120


async def test_the_systems_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        asked.append((host, threading.current_thread() is threading.main_thread()))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with listening() as listener, fetching(ports={listener.port}, resolve=None) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{listener.port}/a") == PNG
    assert asked == [(NAME, False)]


async def test_a_fetcher_that_fetched_nothing_closes() -> None:
    await ImageFetcher().aclose()


# TLS.


@dataclass
class Certified:
    """A server's side and a caller's side that trusts it."""

    server: ssl.SSLContext
    caller: ssl.SSLContext


def trusted(folder: Path, name: str) -> Certified:
    """A certificate for this name."""
    key, certificate = certified(name)
    (folder / "key.pem").write_bytes(key)
    (folder / "certificate.pem").write_bytes(certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return Certified(server, ssl.create_default_context(cafile=str(folder / "certificate.pem")))


async def test_tls_is_with_the_name_although_an_address_is_connected_to(tmp_path: Path) -> None:
    made = trusted(tmp_path, NAME)
    async with listening(tls=made.server) as listener:
        given = {"schemes": {"https"}, "ports": {listener.port}, "ssl": made.caller}
        async with fetching(**given) as fetcher:
            assert await fetcher.fetch(f"https://{NAME}:{listener.port}/a") == PNG
    assert listener.names == [NAME]
    assert f"Host: {NAME}:{listener.port}\r\n" in listener.heads[0]


@pytest.mark.parametrize("case", ["another name", "the address", "an unknown authority"])
async def test_a_certificate_that_does_not_fit_is_refused(tmp_path: Path, case: str) -> None:
    made = trusted(tmp_path, {"another name": "other.example", "the address": "127.0.0.1"}.get(case, NAME))
    async with listening(tls=made.server) as listener:
        caller = None if case == "an unknown authority" else made.caller
        given = {"schemes": {"https"}, "ports": {listener.port}, "ssl": caller}
        await refused(f"https://{NAME}:{listener.port}/a", "without a valid certificate", **given)
        assert listener.heads == []


async def test_a_server_without_tls_is_refused() -> None:
    async with listening() as listener:
        url = f"https://{NAME}:{listener.port}/a"
        await refused(url, "without a valid certificate", schemes={"https"}, ports={listener.port})


async def test_a_redirect_away_from_tls(tmp_path: Path) -> None:
    made = trusted(tmp_path, NAME)
    async with listening() as plain:
        away = redirect(f"http://{NAME}:{plain.port}/b")
        async with listening(away, tls=made.server) as listener:
            url = f"https://{NAME}:{listener.port}/a"
            given = {"ports": {listener.port, plain.port}, "ssl": made.caller}
            await refused(url, "must start with https://; otherwise", schemes={"https"}, **given)
            assert await connections_to(plain) == 0
            async with fetching(schemes=BOTH, **given) as fetcher:
                assert await fetcher.fetch(url) == PNG


async def test_what_holds_where_nobody_says_otherwise() -> None:
    assert FetchLimits() == FetchLimits(max_bytes=20_000_000, timeout=10.0, max_redirects=3)
    async with listening(answer(PNG, content_length="20000001")) as listener:
        await refused(f"http://{NAME}:{listener.port}/a.png", "larger than 20000000 bytes", ports={listener.port})
