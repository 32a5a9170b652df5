"""A stand-in for Google that answers every call as a test says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

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
