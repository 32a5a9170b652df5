"""The calls that draw nothing, of the client for asyncio; and its connections, on which all others build."""

from collections.abc import Sequence

import grpc
import grpc.aio

from imagewire._grpc.async_calls import ping, unary
from imagewire._grpc.channel import OptionValue
from imagewire._grpc.health import Pong
from imagewire._grpc.loops import Connections
from imagewire.client_base import ClientBase, ModelPages, model_request
from imagewire.v1.model_service_pb2 import Model


class AsyncLookups(ClientBase[grpc.aio.ClientInterceptor]):
    """What an AsyncClient can look up."""

    def _connect(
        self,
        credentials: grpc.ChannelCredentials | None,
        options: list[tuple[str, OptionValue]],
        interceptors: Sequence[grpc.aio.ClientInterceptor],
    ) -> None:
        def make() -> grpc.aio.Channel:
            if credentials is None:
                return grpc.aio.insecure_channel(self._address, options, interceptors=interceptors)
            return grpc.aio.secure_channel(self._address, credentials, options, interceptors=interceptors)

        self._connections = Connections(make)

    async def list_models(self) -> list[Model]:
        """List the models that the server draws with.

        Returns:
            The models, as protobuf messages: their names, sizes, aspect ratios and prices.

        Raises:
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         return [model.name for model in await client.list_models()]
            >>> names = asyncio.run(main())
        """
        pages = ModelPages()
        while pages.request is not None:
            call, connection = self._lookup(), self._connections.here()
            pages.add(await unary(connection.models.ListModels, pages.request, call, connection.wait))
        return pages.models

    async def get_model(self, name: str) -> Model:
        """Look up one model.

        Args:
            name: The model's name, such as "gemini/gemini-2.5-flash-image".

        Returns:
            What is known of the model.

        Raises:
            ModelNotFound: The server does not draw with it.
            NotFound: The server may draw with it, but knows nothing of it.
            ImagewireError: The call failed; see its subclasses.
            TypeError: `name` is no text.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         return await client.get_model(imagewire.DEFAULT_MODEL)
            >>> asyncio.run(main()).name
            'gemini/gemini-2.5-flash-image'
        """
        call, connection = self._lookup(), self._connections.here()
        return (await unary(connection.models.GetModel, model_request(name), call, connection.wait)).model

    async def ping(self, *, timeout: float = 10.0) -> Pong:
        """Ask whether the server takes calls, with this client's key.

        Args:
            timeout: Seconds for the answer.

        Returns:
            The server's health and version, and how long a round trip took.

        Raises:
            Unavailable: No server answered.
            Unauthenticated: The key is wrong.
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         return await client.ping()
            >>> asyncio.run(main()).status
            'SERVING'
        """
        call = self._lookup(timeout)
        return await ping(self._connections.here(), call)

    async def close(self) -> None:
        """Close the channel. Calls that run are cancelled, and raise Cancelled.

        Examples:
            >>> async def main():
            ...     client = imagewire.AsyncClient()
            ...     await client.close()
            >>> asyncio.run(main())
        """
        self._ended = True
        await self._connections.close()
