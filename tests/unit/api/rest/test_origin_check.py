"""Which requests a server without a key takes: its own names, its own pages, and types that need a preflight."""

import pytest

from imagewire_server.api.rest.origin_check import OriginCheck
from imagewire_server.api.rest.status import HttpError

JSON = (b"content-type", b"application/json")


def reason(check: OriginCheck, *headers: tuple[bytes, bytes], method: str = "POST") -> str:
    """Why it is refused, "" where it is not."""
    try:
        check.check(method, list(headers))
    except HttpError as error:
        return f"{error.status} {error.reason}"
    return ""


LOCAL = [
    "localhost",
    "localhost:4000",
    "LOCALHOST",
    "a.localhost:1",
    "127.0.0.1",
    "127.9.9.9:4000",
    "[::1]:4000",
    "[::1]",
]
FOREIGN = [
    "",
    "evil.example",
    "192.168.1.1:4000",
    "[2001:db8::1]:1",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
]


@pytest.mark.parametrize("host", LOCAL)
def test_a_name_of_this_machine_is_ours(host: str) -> None:
    assert reason(OriginCheck((), ()), (b"host", host.encode()), JSON) == ""


@pytest.mark.parametrize("host", FOREIGN)
def test_another_name_is_not(host: str) -> None:
    assert reason(OriginCheck((), ()), (b"host", host.encode()), JSON) == "403 HOST_NOT_ALLOWED"
    assert reason(OriginCheck(("*",), ()), (b"host", host.encode()), JSON) == ""


def test_names_of_the_configuration_are_ours_in_any_case() -> None:
    check = OriginCheck(("Draw.Example",), ())
    assert reason(check, (b"host", b"DRAW.example:80"), JSON) == ""
    assert reason(check, (b"host", b"localhost"), JSON) == ""
    assert reason(check, (b"host", b"x.draw.example"), JSON) == "403 HOST_NOT_ALLOWED"


def test_two_hosts_are_none() -> None:
    assert reason(OriginCheck((), ()), (b"host", b"localhost"), (b"host", b"localhost"), JSON) == "403 HOST_NOT_ALLOWED"
    assert reason(OriginCheck((), ()), JSON) == "403 HOST_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("address", "hosts", "refused"),
    [
        ("127.0.0.1:4000", (), True),
        ("[::1]:4000", (), True),
        ("localhost:4000", (), True),
        ("0.0.0.0:4000", (), False),
        ("[::]:4000", (), False),
        ("draw.example:4000", (), False),
        ("0.0.0.0:4000", ("draw.example",), True),
    ],
)
def test_a_server_that_listens_to_others_has_any_name(address: str, hosts: tuple[str, ...], refused: bool) -> None:
    check = OriginCheck(hosts, ())
    check.serve(address)
    assert reason(check, (b"host", b"other.example"), JSON) == ("403 HOST_NOT_ALLOWED" if refused else "")


@pytest.mark.parametrize(
    ("origin", "allowed", "refused"),
    [
        (b"http://localhost:4000", (), False),
        (b"https://localhost:4000", (), False),
        (b"http://localhost:3000", (), True),
        (b"http://localhost", (), True),
        (b"null", (), True),
        (b"", (), True),
        (b"https://a.example", (), True),
        (b"https://a.example", ("https://a.example",), False),
        (b"http://a.example", ("https://a.example",), True),
        (b"https://a.example", ("*",), False),
    ],
)
def test_pages_of_other_sites_may_call_only_where_they_are_allowed(
    origin: bytes, allowed: tuple[str, ...], refused: bool
) -> None:
    found = reason(OriginCheck((), allowed), (b"host", b"localhost:4000"), (b"origin", origin), JSON)
    assert found == ("403 ORIGIN_NOT_ALLOWED" if refused else "")


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        (b"application/json", False),
        (b"Application/JSON ; charset=utf-8", False),
        (b"application/vnd.api+json", False),
        (b"multipart/form-data; boundary=x", False),
        (b"text/plain", True),
        (b"application/x-www-form-urlencoded", True),
        (b"text/plain; x=application/json", True),
        (b"", True),
    ],
)
def test_a_post_has_a_type_that_a_page_cannot_send_unasked(kind: bytes, refused: bool) -> None:
    host = (b"host", b"localhost")
    found = reason(OriginCheck((), ()), host, (b"content-type", kind))
    assert found == ("415 UNSUPPORTED_MEDIA_TYPE" if refused else "")
    assert reason(OriginCheck((), ()), host, (b"content-type", kind), method="GET") == ""
