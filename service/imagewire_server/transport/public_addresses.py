"""Decides from which URLs and addresses a picture may be fetched. Pure functions: nothing is sent or resolved here.

A URL is parsed in one strict form and then written again from the result, so no later parser can see another host.
An address is public if no special-purpose registry of IANA reserves it.
"""

import re
from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import quote, urljoin

Address = IPv4Address | IPv6Address

MAX_URL = 2048
REMEDY = "send the picture itself as a data: URL"
NOT_PUBLIC = f"has an address that is not public; {REMEDY}"

_PORTS = {"https": 443, "http": 80}

_SPECIAL_4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",
            "168.63.129.16/32",  # not in the registries, but inside Azure it is a service of the host
            "169.254.0.0/16",  # link-local: metadata services of clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
# The only IPv6 range for public use. Loopback, ULA, link-local, multicast, v4-mapped and v4-compatible are outside.
_UNICAST_6 = ip_network("2000::/3")
_SPECIAL_6 = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
        ),
    )
)
# In a network with IPv6 only, DNS puts every IPv4 address into this prefix (RFC 6052).
_NAT64 = ip_network("64:ff9b::/96")

_FORM = re.compile(r"//([^/?#]*)([^#]*)(?:#.*)?")
_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]|([0-9A-Za-z._-]+))(?::([0-9]{1,5}))?")
# Other forms that inet_aton accepts as an address: 2130706433, 0x7f.1, 0177.0.0.1, 127.1
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.*")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LOCAL = (".localhost", ".local", ".localdomain", ".internal", ".home.arpa")
# The characters that RFC 3986 allows in a path and a query. Others are percent-encoded; nothing is decoded.
_SAFE = "%/?:@!$&'()*+,;=[]-._~"


class Unfetchable(Exception):
    """A picture cannot be fetched. The message, which follows the name of the field, has the problem and the remedy.

    It never contains an address, a host, or the text of a third-party exception.
    """


def is_public(address: Address) -> bool:
    """Whether an address is public. IPv6 addresses that embed an IPv4 address are refused, except NAT64's."""
    if isinstance(address, IPv4Address):
        return not any(address in net for net in _SPECIAL_4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _UNICAST_6 and not any(address in net for net in _SPECIAL_6)


def normalise_url(
    url: str, schemes: Collection[str], allowed: Callable[[Address], bool], ports: Collection[int] | None = None
) -> str:
    """Return the URL in its normal form, percent-encoded and without fragment. Raises Unfetchable if it is refused.

    schemes: of "https" and "http". allowed: decides about a host that is an IP address.
    ports: the allowed ones, None for the default of the scheme.
    """
    _characters(url)
    scheme, _, rest = url.partition(":")
    scheme = scheme.lower()
    if scheme not in schemes or scheme not in _PORTS:
        choices = " or ".join(f"{choice}://" for choice in sorted(schemes))
        raise Unfetchable(f"must start with {choices}; otherwise {REMEDY}")
    form = _FORM.fullmatch(rest)
    if form is None:
        raise Unfetchable(f"does not have the form {scheme}://host/path; correct it")
    if "@" in form[1]:
        raise Unfetchable("has a user name or a password; leave them out")
    authority = _AUTHORITY.fullmatch(form[1])
    if authority is None:
        raise Unfetchable("has no host in plain form; write its name with a-z, 0-9, hyphens and dots (others as xn--)")
    host = _literal(authority[1], allowed) if authority[1] else _host(authority[2].lower(), allowed)
    port = int(authority[3] or _PORTS[scheme])
    if port not in ({_PORTS[scheme]} if ports is None else ports):
        raise Unfetchable(f"has a port other than the default of {scheme}; leave the port out, or {REMEDY}")
    shown = "" if port == _PORTS[scheme] else f":{port}"
    path = form[2] if form[2].startswith("/") else f"/{form[2]}"
    return f"{scheme}://{host}{shown}{quote(path, safe=_SAFE)}"


def redirect_target(url: str, location: str) -> str:
    """The target of a redirect, not yet checked. url: the one that redirects. Raises Unfetchable."""
    _characters(location)
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise Unfetchable(f"redirects to something that is not a URL; {REMEDY}") from error


def _characters(url: str) -> None:
    """Refuse characters that some parsers drop or read as a slash."""
    if len(url) > MAX_URL:
        raise Unfetchable(f"has {len(url)} characters; at most {MAX_URL} are allowed")
    if not url.isprintable() or not {" ", "\\"}.isdisjoint(url):
        raise Unfetchable("has a space, a backslash or an unprintable character; percent-encode it")


def _host(name: str, allowed: Callable[[Address], bool]) -> str:
    if _NUMERIC.fullmatch(name):
        return _literal(name, allowed)
    if "." not in name.rstrip(".") or f".{name.rstrip('.')}".endswith(_LOCAL):
        raise Unfetchable(NOT_PUBLIC)
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise Unfetchable("has a host name that cannot exist, or that ends with a dot; correct it")
    return name


def _literal(text: str, allowed: Callable[[Address], bool]) -> str:
    """Parse an IP address in a URL, only in its standard form."""
    try:
        address = IPv6Address(text) if ":" in text else IPv4Address(text)
    except ValueError:
        raise Unfetchable(NOT_PUBLIC) from None
    if not allowed(address):
        raise Unfetchable(NOT_PUBLIC)
    return f"[{address}]" if address.version == 6 else str(address)
