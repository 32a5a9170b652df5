"""Bodies that are forms: multipart/form-data with fields and files, each bounded in number."""

import asyncio
import codecs
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from imagewire_server.api.rest.middleware import Exchange, Scope
from imagewire_server.api.rest.status import HttpError
from imagewire_server.contract.errors import InvalidRequest, Violation

_MOST_FILES = 16
_MOST_FIELDS = 64
_MOST_HEADER_BYTES = 8 * 1024  # of one part
_AT_ONCE = 16 * 1024
_CHARSETS = frozenset({"utf-8", "ascii", "iso8859-1", "latin-1", "cp1252"})


@asynccontextmanager
async def opened(exchange: Exchange, scope: Scope, remedy: str) -> AsyncIterator[FormData]:
    """The form of a request, whose files are closed afterwards. remedy: for a body of another type.

    Raises HttpError (415) and InvalidRequest.
    """
    headers = Headers(scope=scope)
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise HttpError(415, "UNSUPPORTED_MEDIA_TYPE", remedy)
    try:
        form = await _Form(headers, exchange).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        if "exceeded maximum size" in str(
            getattr(error, "message", "")
        ):  # Starlette's words for a text that is too long
            words = "has a text of more than 1 MiB; send a picture as a file, not as a data URI"
            raise InvalidRequest([Violation("body", words)]) from None
        words = (
            f"is not complete and valid multipart/form-data with at most {_MOST_FILES} files and {_MOST_FIELDS} fields"
        )
        raise InvalidRequest([Violation("body", words)]) from None
    try:
        yield form
    finally:
        await form.close()


def is_text(given: str) -> bool:
    """Whether UTF-8 can encode it: some charsets produce lone surrogates."""
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Form(MultiPartParser):
    """A form that must be complete: one that was cut between two files is an error, not a shorter form.

    The size of its part headers is limited, and so are its charsets: some take quadratic time.
    """

    spool_max_size = sys.maxsize  # in memory: the body is limited, and its pictures are read as a whole anyway

    def __init__(self, headers: Headers, exchange: Exchange) -> None:
        super().__init__(headers, self._pieces(exchange), max_files=_MOST_FILES, max_fields=_MOST_FIELDS)
        self._charset_name = _charset(headers["content-type"])
        self._ended = False
        self._header_bytes = 0

    def on_part_begin(self) -> None:
        """A part begins."""
        if self._charset_name not in _CHARSETS:
            raise InvalidRequest([Violation("body", "has an unsupported charset; send it as UTF-8")])
        self._header_bytes = 0
        super().on_part_begin()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's name arrived."""
        self._count_header(end - start)
        super().on_header_field(data, start, end)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's value arrived."""
        self._count_header(end - start)
        super().on_header_value(data, start, end)

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise MultiPartException("headers")

    def on_end(self) -> None:
        """The last boundary arrived."""
        self._ended = True

    async def _pieces(self, exchange: Exchange) -> AsyncGenerator[bytes, None]:
        async for piece in exchange.body.pieces():
            for at in range(0, len(piece), _AT_ONCE):
                yield piece[at : at + _AT_ONCE]
                await asyncio.sleep(0)  # a body of many short lines takes long
        if not self._ended:
            raise MultiPartException("cut")  # here, so that the files read so far are closed


def _charset(content_type: str) -> str:
    """Python's name of the charset in which the parser will read a form: Latin-1 for one that Python does not know."""
    _, parameters = parse_options_header(content_type)
    try:
        return codecs.lookup(parameters.get(b"charset", b"utf-8").decode("latin-1")).name
    except LookupError:
        return "latin-1"
