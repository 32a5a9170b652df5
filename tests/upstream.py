"""A stand-in for Google that answers every call as a test says."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Noting:
    """Google, as far as most tests need it: it notes each request's body, and answers with `answer`, JSON text."""

    def __init__(self, answer: str) -> None:
        self.bodies: list[str] = []
        self.answer = answer

    async def take(self, request: web.Request) -> web.StreamResponse:
        """An Answer."""
        self.bodies.append(await request.text())
        if "stream" in request.path:
            return web.Response(text=f"data: {self.answer}\n\n", content_type="text/event-stream")
        return web.Response(text=self.answer, content_type="application/json")


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """Its base URL."""
    app = web.Application(client_max_size=100 * 1024 * 1024)
    app.router.add_route("POST", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextmanager
def answering_beside(answer: Answer) -> Iterator[str]:
    """The same in a thread of its own: what it does is not the server's, and not the test's."""
    urls: list[str] = []
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with answering(answer) as url:
            urls.append(url)
            ready.set()
            await stop.wait()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
