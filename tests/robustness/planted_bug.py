"""A server that draws again what a request_id has drawn: a planted bug, which the model must find."""

import asyncio

from imagewire_server import cli
from imagewire_server.core import claiming
from imagewire_server.core.keeper import Keeper


async def claim(*_: object) -> None:
    """Every id is free."""
    await asyncio.sleep(0)


def main() -> None:
    """The command."""
    assert claiming.claim
    assert Keeper._known
    claiming.claim = claim  # type: ignore[assignment]
    Keeper._known = lambda *_: None  # type: ignore[method-assign]
    cli.main()


if __name__ == "__main__":
    main()
