"""Stops web pages of other sites from drawing on a server without a key, also on one that listens on localhost only.

A browser sends such a page's requests with the page's Origin; with the page's own Host, if its name resolves to this
server (DNS rebinding); and without a CORS preflight, unless the content type is JSON.
"""

import ipaddress

from imagewire_server.api.rest.status import Headers, HttpError

_ANY = "*"


class OriginCheck:
    """Checks requests that need no key. hosts: names of the server besides localhost, "*" for any.

    origins: of pages that may call, "*" for all.
    """

    def __init__(self, hosts: tuple[str, ...], origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)
        self._any_origin = _ANY in origins
        self._hosts = frozenset(host.lower() for host in hosts)
        self._any_host = _ANY in hosts

    def serve(self, address: str) -> None:
        """Where the server listens. If that is not loopback, and no hosts are configured, any name is accepted."""
        if not self._hosts and not _is_loopback(_name(address)):
            self._any_host = True

    def check(self, method: str, headers: Headers) -> None:
        """Raise HttpError (403, 415) for a request that a page of another site may have sent."""
        self.check_source(headers)
        if method == "POST":
            kind = dict(headers).get(b"content-type", b"").partition(b";")[0].strip().lower()
            if kind not in {b"application/json", b"multipart/form-data"} and not kind.endswith(b"+json"):
                words = (
                    "send the header 'Content-Type: application/json'; it is required because this server has no key"
                )
                raise HttpError(415, "UNSUPPORTED_MEDIA_TYPE", words)

    def check_source(self, headers: Headers) -> None:
        """The same without a look at the content type, where others than those are refused anyway (403)."""
        given = dict(headers)
        hosts = [value for name, value in headers if name == b"host"]
        host = hosts[0] if len(hosts) == 1 else b""  # of two, it is not clear which is meant
        if not self._any_host and not self._is_ours(_name(host.decode("latin-1"))):
            words = "a call without a key may name only localhost as this server: add the name to rest_hosts, or"
            raise HttpError(403, "HOST_NOT_ALLOWED", f"{words} set IMAGEWIRE_MASTER_KEY")
        origin = given.get(b"origin")
        if origin is not None and not self._any_origin and origin not in self._origins | _of(host):
            words = "web pages of other sites may not call without a key: add the page's origin to"
            raise HttpError(403, "ORIGIN_NOT_ALLOWED", f"{words} rest_cors_origins, or set IMAGEWIRE_MASTER_KEY")

    def _is_ours(self, name: str) -> bool:
        return name in self._hosts or _is_loopback(name)


def _of(host: bytes) -> set[bytes]:
    """The origins of this server's own pages."""
    return {b"http://" + host, b"https://" + host}


def _name(host: str) -> str:
    """A host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
