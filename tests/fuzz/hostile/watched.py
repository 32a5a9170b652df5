"""The command imagewire-server whose event loop is watched: each hold is a line of its log."""

import asyncio
import os
from typing import Any

import structlog

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # as the command does, before gRPC is loaded
from imagewire_server import cli, serving
from tests.fuzz.hostile.watch import Held, Watch

_log = structlog.get_logger("watch")
_serve = serving.serve


def _tell(held: Held) -> None:
    _log.error("held", how=held.how, seconds=round(held.seconds, 3), begun=held.begun, places=held.places)


async def _watched(*arguments: Any, **named: Any) -> None:
    ready = named.pop("ready", lambda: None)
    watches: list[Watch] = []

    def begin() -> None:
        # What is done once, at the start, holds nobody up.
        watches.append(Watch(asyncio.get_running_loop(), _tell))
        ready()

    try:
        await _serve(*arguments, ready=begin, **named)
    finally:
        for watch in watches:
            watch.stop()


if __name__ == "__main__":
    serving.serve = _watched
    cli.main()
