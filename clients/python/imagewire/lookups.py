"""The calls that draw nothing, of the client that blocks; and its connection, on which all others build."""

import threading
from collections.abc import Sequence

import grpc

from imagewire._grpc.channel import OptionValue
from imagewire._grpc.health import Pong
from imagewire._grpc.sync_calls import Connection, close, ping, unary
from imagewire.client_base import ClientBase, ModelPages, model_request
from imagewire.v1.model_service_pb2 import Model

_Interceptor = grpc.UnaryUnaryClientInterceptor | grpc.UnaryStreamClientInterceptor


class Lookups(ClientBase[_Interceptor]):
    """What a Client can look up."""

    def _connect(
        self,
        credentials: grpc.ChannelCredentials | None,
        options: list[tuple[str, OptionValue]],
        interceptors: Sequence[_Interceptor],
    ) -> None:
        if credentials is None:
            channel = grpc.insecure_channel(self._address, options)
        else:
            channel = grpc.secure_channel(self._address, credentials, options)
        self._channel = grpc.intercept_channel(channel, *interceptors) if interceptors else channel
        self._connection = Connection(self._channel)
        self._closed = threading.Event()

    def list_models(self) -> list[Model]:
        """List the models that the server draws with.

        Returns:
            The models, as protobuf messages: their names, sizes, aspect ratios and prices.

        Raises:
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> with imagewire.Client() as client:
            ...     names = [model.name for model in client.list_models()]
        """
        pages = ModelPages()
        while pages.request is not None:
            pages.add(unary(self._connection.models.ListModels, pages.request, self._lookup(), self._wait))
        return pages.models

    def get_model(self, name: str) -> Model:
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
            >>> with imagewire.Client() as client:
            ...     print(client.get_model(imagewire.DEFAULT_MODEL).name)
            gemini/gemini-2.5-flash-image
        """
        return unary(self._connection.models.GetModel, model_request(name), self._lookup(), self._wait).model

    def ping(self, *, timeout: float = 10.0) -> Pong:
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
            >>> with imagewire.Client() as client:
            ...     print(client.ping().status)
            SERVING
        """
        return ping(self._connection, self._lookup(timeout))

    def close(self) -> None:
        """Close the channel. Calls that run are cancelled, and raise Cancelled.

        Examples:
            >>> client = imagewire.Client()
            >>> client.close()
        """
        self._ended = True
        self._closed.set()
        close(self._channel)

    def _wait(self, seconds: float) -> None:
        """Wait before the next attempt, or until the client is closed."""
        self._closed.wait(seconds)
