"""The fetcher against real listeners on loopback, which count every connection: what is refused costs no packet."""

import pytest

from imagewire_server.transport.image_fetch import FetchLimits, ImageFetcher, Unfetchable
from imagewire_server.transport.public_addresses import is_public
from tests.integration.raw_listener import (
    BOTH,
    NAME,
    answer,
    connections_to,
    fetching,
    listening,
    names,
    only,
    redirect,
    refused,
)
from tests.pictures import PNG
from tests.unit.transport.test_public_addresses import HOSTS, PRIVATE, PUBLIC, URLS

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
