"""What reads a completion."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from types import TracebackType
from typing import Self

from imagewire_server.contract.events import StreamEvent


class Reader(ABC):
    """Reads a completion from where it attached. Use as a context manager: leaving it may end the drawing."""

    __slots__ = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    @abstractmethod
    def __anext__(self) -> Awaitable[list[StreamEvent]]:
        """The next events, those that are there at once. Raises what the drawing ended with."""

    @abstractmethod
    async def aclose(self) -> None:
        """Leave. Where that ends the drawing, nothing of it is left running afterwards."""
