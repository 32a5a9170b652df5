"""The connections to Redis."""

from collections.abc import Sequence
from typing import Any

from obstore.exceptions import BaseError
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

# How Redis and the object store say that they do not work.
FAULTS = (RedisError, BaseError, OSError)

_BLOCK = 500  # milliseconds that a reader waits for the next event, until it asks whether there will be any
_MOST_COMMANDS, _MOST_READERS = 32, 64  # connections

Entry = tuple[bytes, dict[bytes, bytes]]


class Connection:
    """Commands, and readers that wait, which have connections of their own. Raises ValueError for what is no URL.

    All methods raise RedisError and OSError.
    """

    def __init__(self, url: str) -> None:
        self._client: Any = _client(url, _MOST_COMMANDS)
        self._waiting: Any = _client(url, _MOST_READERS)

    async def run(self, script: str, *arguments: object) -> Any:
        """Run one of the scripts."""
        return await self._client.register_script(script)(args=arguments)

    async def call(self, *command: object) -> Any:
        """Run a command and return what Redis answers to it."""
        return await self._client.execute_command(*command)

    async def calls(self, commands: Sequence[Sequence[object]]) -> list[Any]:
        """Run commands, sent together."""
        async with self._client.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            found: list[Any] = await pipeline.execute()
            return found

    async def read(self, stream: str, after: bytes, count: int, *, wait: bool) -> list[Entry]:
        """The next entries of a stream. wait: for the first of them, for a moment."""
        client = self._waiting if wait else self._client
        found = await client.xread({stream: after}, count=count, block=_BLOCK if wait else None)
        return list(found[0][1]) if found else []

    async def aclose(self) -> None:
        """Close the connections."""
        for client in (self._client, self._waiting):
            await client.aclose(close_connection_pool=True)


def _client(url: str, connections: int) -> Any:
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=None,  # whoever finds all of them in use waits
        protocol=2,
        driver_info=None,  # its version, which would be read from the disk for each connection
        socket_timeout=5.0,
        socket_connect_timeout=2.0,
        # A connection that Redis has closed, because it was idle or restarted, is opened again.
        retry=Retry(NoBackoff(), 1),
    )
    return Redis(connection_pool=pool)
