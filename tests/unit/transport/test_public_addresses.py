"""Which URLs and addresses a picture may be fetched from, told without a network."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from imagewire_server.transport.public_addresses import MAX_URL, Unfetchable, is_public, normalise_url, redirect_target

HTTPS = frozenset({"https"})
BOTH = frozenset({"https", "http"})

# fmt: off
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.0", "168.63.129.15", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888",
    "64:ff9b::808:808",
]
PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.100.100.200",  # noqa: S104
    "100.127.255.255",
    "127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::808:808",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::", "2002:808:808::", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fec0::1", "ff02::1",
]
# Hosts of a URL that are refused as they stand: nobody is asked for them.
HOSTS = [
    *(f"[{address}]" if ":" in address else address for address in PRIVATE),
    "2130706433", "017700000001", "0x7f000001", "0X7F000001", "0177.0.0.1", "0x7f.0.0.1", "127.1", "127.0.1",
    "127.0.0.01", "127.000.000.001", "127.0.0.1.", "127.0.0.1..", "127.0.0.256", "1.2.3.4.5", "0", "0x", "1.0x",
    "name.1", "name.0x7f", "8.8.8", "8.8.8.8.", "134744072", "[127.0.0.1]", "[::1%25lo]", "[::1%lo]",
    "[fe80::1%25eth0]", "[::1", "::1", "[]", "[v1.a]", "[::127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[0000::1]",
    "[8.8.8.8]", "[2606:4700::1111]a", "localhost", "LOCALHOST", "localhost.", "localhost..", "a.localhost",
    "a.localhost.", "localhost.localdomain", "router.local", "router.local.", "a.LOCAL", "metadata.google.internal",
    "metadata.google.internal.", "metadata", "metadata.", "nas.home.arpa", "", ".", "..", ".example.com",
    "a..example.com", "example.com.", "-a.example.com", "a-.example.com", f"{'a' * 64}.example.com",
    f"{'a.' * 130}com", "１２７.0.0.1", "１２７.1", "127。0。0。1", "ⓔxample.com", "exämple.com", "ⅼocalhost",
    "%31%32%37.0.0.1", "%6cocalhost", "127.0.0.1%00.example.com", "a,b.example.com", "a b.example.com",
    "a\tb.example.com", "exa\u00admple.com", "user@example.com", "user:secret@example.com", "@example.com",
    "example.com@127.0.0.1", "127.0.0.1@example.com", "example.com\\@127.0.0.1", "127.0.0.1\\.example.com",
    "\\\\127.0.0.1", "exa\nmple.com", "example.com\u2028", "\ufeffexample.com", "example.com\udc80",
    "example.com:443@127.0.0.1", "[::1]@example.com", "example.com:443:80", "example.com[::1]",
]
URLS = [
    "", "https", "https:", "https:/", "https://", "https:///", "https:///etc/passwd", "https:////127.0.0.1/",
    "https:/127.0.0.1/", "https:127.0.0.1", "https:example.com/", "//example.com/", "/a.png", "example.com/a.png",
    "://example.com/", ":", "ſhttps://a.example/", "http://example.com/", "HTTP://example.com/", "file:///etc/passwd",
    "file://example.com/etc/passwd", "ftp://example.com/a.png", "gopher://example.com:70/_x", "gopher:x",
    "data:image/png;base64,AAAA", "gs://bucket/a.png", "javascript:alert(1)", "unix:/run/x.sock",
    "https+unix://example.com/", "jar:https://example.com/!/", "dict://example.com/", "ldap://example.com/",
    "blob:https://example.com/x", " https://example.com/", "https://example.com/ ", "https://example.com/a b",
    "https://example.com/\r\nHost: x", "https://example.com/\x00", "https://example.com/\x7f",
    "https://example.com/\u3000", "https://example.com/\\a", "https://example.com/\u202egnp",
    "ht\ntps://example.com/", "https://example.com:80/", "https://example.com:8443/", "https://example.com:22/",
    "https://example.com:0/", "https://example.com:65536/", "https://example.com:4430/", "https://example.com:/",
    "https://example.com:-443/", "https://example.com:+443/", "https://example.com:443x/", "https://example.com:４４３/",
    "https://example.com:000443/", f"https://example.com/{'a' * MAX_URL}", "https://localhost?@example.com/",
    "https://localhost#@example.com/", "https://127.0.0.1?.example.com/", "https://127.0.0.1#.example.com",
]
KEPT = [
    ("https://example.com", "https://example.com/"),
    ("HTTPS://EXAMPLE.com/A.png", "https://example.com/A.png"),
    ("https://example.com:443/a.png", "https://example.com/a.png"),
    ("https://example.com:0443/a.png", "https://example.com/a.png"),
    ("https://example.com?x=1", "https://example.com/?x=1"),
    ("https://example.com/a#b@127.0.0.1", "https://example.com/a"),
    ("https://example.com#@127.0.0.1", "https://example.com/"),
    ("https://example.com/@127.0.0.1/a", "https://example.com/@127.0.0.1/a"),
    ("https://example.com/?u=https://127.0.0.1/", "https://example.com/?u=https://127.0.0.1/"),
    ("https://example.com/a%2fb/../c?s=%2B+%7e", "https://example.com/a%2fb/../c?s=%2B+%7e"),
    ("https://example.com/Bär|<x>", "https://example.com/B%C3%A4r%7C%3Cx%3E"),
    ("https://my_bucket.s3.example.com/a", "https://my_bucket.s3.example.com/a"),
    ("https://xn--exmple-cua.com/", "https://xn--exmple-cua.com/"),
    ("https://1.example.com/", "https://1.example.com/"),
    ("https://localhost.example.com/", "https://localhost.example.com/"),
    ("https://a.notlocal/", "https://a.notlocal/"),
    ("https://8.8.8.8/a", "https://8.8.8.8/a"),
    ("https://[2606:4700:0::1111]/a", "https://[2606:4700::1111]/a"),
]
# fmt: on


@pytest.mark.parametrize("address", PUBLIC)
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", [*PRIVATE, "fe80::1%eth0", "2606:4700::1111%eth0", "64:ff9b::808:808%eth0"])
def test_the_rest_is_not(address: str) -> None:
    assert not is_public(ip_address(address))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(address: IPv4Address | IPv6Address) -> None:
    if is_public(address) and address not in ip_network("64:ff9b::/96"):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
@example(IPv4Address("127.0.0.1"))
@example(IPv4Address("8.8.8.8"))
def test_an_address_within_nat64_counts_as_itself(address: IPv4Address) -> None:
    assert is_public(IPv6Address(f"64:ff9b::{address}")) is is_public(address)


@given(st.ip_addresses(v=4))
def test_no_other_form_of_ipv6_carries_an_ipv4_address(address: IPv4Address) -> None:
    for form in (f"::{address}", f"::ffff:{address}", f"::ffff:0:{address}", f"64:ff9b:1::{address}"):
        assert not is_public(IPv6Address(form))
    assert not is_public(IPv6Address((0x2002 << 112) | (int(address) << 80)))
    assert not is_public(IPv6Address((0x20010000 << 96) | (int(address) ^ 0xFFFF_FFFF)))


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_host_is_refused(scheme: str, host: str) -> None:
    with pytest.raises(Unfetchable) as refused:
        normalise_url(f"{scheme}://{host}/a.png", BOTH, is_public)
    assert not any(part in str(refused.value) for part in ("127.0.0.1", "169.254", "secret", "metadata", "passwd"))


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_refused(url: str) -> None:
    with pytest.raises(Unfetchable):
        normalise_url(url, HTTPS, is_public)


@pytest.mark.parametrize(("url", "plain"), KEPT)
def test_a_url_is_written_in_its_plain_form(url: str, plain: str) -> None:
    assert normalise_url(url, HTTPS, is_public) == plain
    assert normalise_url(plain, HTTPS, is_public) == plain


def test_http_and_ports_are_the_operators_to_allow() -> None:
    assert normalise_url("http://example.com:80/", BOTH, is_public) == "http://example.com/"
    assert normalise_url("https://example.com:8443/", HTTPS, is_public, {8443}) == "https://example.com:8443/"
    with pytest.raises(Unfetchable, match="must start with http:// or https://"):
        normalise_url("ftp://example.com/", BOTH, is_public)
    with pytest.raises(Unfetchable, match="port"):
        normalise_url("https://example.com/", HTTPS, is_public, {8443})


def test_no_operator_can_allow_another_scheme() -> None:
    with pytest.raises(Unfetchable):
        normalise_url("ftp://example.com/", {"ftp"}, is_public)


def test_the_default_can_be_widened_for_literals() -> None:
    assert normalise_url("https://127.0.0.1/", HTTPS, lambda _: True) == "https://127.0.0.1/"
    with pytest.raises(Unfetchable):
        normalise_url("https://127.1/", HTTPS, lambda _: True)


_PIECES = st.one_of(
    st.sampled_from(
        ["https:", "http:", "//", "/", "@", ":", "\\", "#", "?", "[", "]", ".", "%", "%2f", "\t", "。", "１"]
    ),
    st.sampled_from(
        ["example.com", "localhost", "internal", "127.0.0.1", "::1", "0x7f", "2130706433", "1.1.1.1", ":443"]
    ),
    st.text(max_size=5),
)


@given(st.lists(_PIECES, max_size=8).map("".join).map(lambda rest: f"https://{rest}"))
@example("https://example.com\\@127.0.0.1/")
def test_every_parser_reads_the_same_public_host_in_what_is_kept(url: str) -> None:
    try:
        plain = normalise_url(url, HTTPS, is_public)
    except Unfetchable:
        return
    ours, yarls, pythons = plain.split("/")[2], URL(plain, encoded=True), urlsplit(plain)
    assert plain.isascii()
    assert ours.strip("[]") == yarls.raw_host == pythons.hostname
    assert (yarls.scheme, yarls.port, yarls.user, yarls.password) == ("https", 443, None, None)
    assert normalise_url(plain, HTTPS, is_public) == plain
    try:
        assert is_public(ip_address(ours.strip("[]")))
    except ValueError:
        assert "." in ours
        assert ours.rpartition(".")[2] not in {"", "internal", "local", "localhost"}


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("/b", "https://example.com/b"),
        ("b?x", "https://example.com/a/b?x"),
        ("?x", "https://example.com/a/c?x"),
        ("//other.example/b", "https://other.example/b"),
        ("http://other.example/b", "http://other.example/b"),
        ("//127.0.0.1/", "https://127.0.0.1/"),
        ("https:127.0.0.1", "https://example.com/a/127.0.0.1"),
        ("http:127.0.0.1", "http:127.0.0.1"),
        ("file:///etc/passwd", "file:///etc/passwd"),
    ],
)
def test_a_redirect_leads_on(location: str, leads: str) -> None:
    assert redirect_target("https://example.com/a/c", location) == leads


@pytest.mark.parametrize(
    "location", ["//[bad", "/\\127.0.0.1/", "\\\\127.0.0.1", "/\t/127.0.0.1", "/a b", "/\udc80", "/" * 4000]
)
def test_a_redirect_that_is_no_url_is_refused(location: str) -> None:
    with pytest.raises(Unfetchable):
        redirect_target("https://example.com/", location)
