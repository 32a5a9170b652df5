"""The built files of a page for people, and the headers that keep them from loading or running anything else."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from imagewire_server.api.rest.status import Headers

START = "index.html"
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
class PageFile:
    """A file, ready to be sent. headers: but its type and what caches may do."""

    content: bytes
    kind: bytes
    etag: str
    caching: bytes

    @property
    def headers(self) -> Headers:
        """What protects it, and its etag."""
        return [*_HEADERS, (b"etag", self.etag.encode())]


def read(folder: str) -> dict[str, PageFile]:
    """The files of a folder beside this module, by their names."""
    found = {}
    for path in (Path(__file__).parent / folder).iterdir():
        content = path.read_bytes()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        # A name has the hash of its content in it, but for that of the page itself.
        caching = b"no-cache" if path.name == START else b"public, max-age=31536000, immutable"
        found[path.name] = PageFile(content, _TYPES[path.suffix], etag, caching)
    return found
