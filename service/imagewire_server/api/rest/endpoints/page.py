"""The page for people: a prompt, and pictures that appear while they arrive. It is built in clients/typescript/web.

Its files are the package's. They load nothing from elsewhere, and run no text as code. The page itself needs no key and
holds none: what it asks of the server passes the same checks as every other call.
"""

from imagewire_server.api.rest import page_files
from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.response import Send
from imagewire_server.api.rest.status import HttpError
from imagewire_server.core.call import header

_FILES = page_files.read("page")  # once, before anything is served


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """GET /, and the files that it names."""
    exchange: Exchange = scope[EXCHANGE]
    file = _FILES.get(scope["path_params"].get("name", page_files.START))
    if file is None:
        raise HttpError(404, "PATH_NOT_FOUND", "the page has no such file: load / again")
    response = exchange.response
    response.typed(file.kind)
    if file.etag in header(exchange.call.headers, "if-none-match"):
        await response.whole(304, b"", file.headers, file.caching)
    else:
        await response.whole(200, file.content, file.headers, file.caching)
