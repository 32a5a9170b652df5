"""A program: 1000 callers ask for a token that takes a second to renew. Prints renewals, tokens, the loop's worst lag.

A process of its own, because in a test run's own loop the collector of all its objects would be what is measured.
"""

import asyncio
import json

from imagewire_server.providers.google.token import GoogleToken
from tests.integration.token_server import token_server


async def main() -> None:
    async with token_server() as tokens:
        tokens.delay, tokens.lifetime = 1.0, 1  # what it gives is always about to end
        source = GoogleToken(tokens.service_account())
        await source.get()  # loads the credentials and what they import
        tokens.asked = 0
        done = asyncio.Event()
        lags: list[float] = []

        async def watch() -> None:
            loop = asyncio.get_running_loop()
            while not done.is_set():
                due = loop.time() + 0.005
                await asyncio.sleep(0.005)
                lags.append(loop.time() - due)

        watching = asyncio.create_task(watch())
        found = await asyncio.gather(*(source.get() for _ in range(1000)))
        done.set()
        await watching
        told = {"renewals": tokens.asked, "tokens": sorted({access.token for access in found}), "lag": max(lags)}
        print(json.dumps(told))  # noqa: T201


asyncio.run(main())
