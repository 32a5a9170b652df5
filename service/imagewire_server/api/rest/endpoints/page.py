"""The page for people: a prompt, and pictures that appear while they arrive. It is built in clients/typescript/web.

Its files are the package's. They load nothing from elsewhere, and run no text as code. The page itself needs no key and
holds none: what it asks of the server passes the same checks as every other call.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.response import Send
from imagewire_server.api.rest.status import Headers, HttpError
from imagewire_server.core.call import header

_FOLDER = Path(__file__).parents[1] / "page"
_START = "index.html"
_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css",
    ".js": b"text/javascript",
    ".svg": b"image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_HEADERS: Headers = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    kind: bytes
    etag: str


def _read() -> dict[str, _File]:
    """The files by their names."""
    found = {}
    for path in _FOLDER.iterdir():
        content = path.read_bytes()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        found[path.name] = _File(content, _TYPES[path.suffix], etag)
    return found


_FILES = _read()  # once, before anything is served


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """GET /, and the files that it names."""
    exchange: Exchange = scope[EXCHANGE]
    name = scope["path_params"].get("name", _START)
    file = _FILES.get(name)
    if file is None:
        raise HttpError(404, "PATH_NOT_FOUND", "the page has no such file: load / again")
    # A name has the hash of its content in it, but for that of the page itself.
    caching = b"no-cache" if name == _START else b"public, max-age=31536000, immutable"
    headers = [*_HEADERS, (b"etag", file.etag.encode())]
    response = exchange.response
    response.typed(file.kind)
    if file.etag in header(exchange.call.headers, "if-none-match"):
        await response.whole(304, b"", headers, caching)
    else:
        await response.whole(200, file.content, headers, caching)
