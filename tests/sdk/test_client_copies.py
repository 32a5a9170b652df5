"""A client has connections, so it is neither pickled nor copied, and says so."""

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from imagewire import AsyncClient, Client

TOLD = r"^%s cannot be pickled or copied, because it has connections: .* make another in each process$"


class Own(Client):
    """A class of a user's."""


@pytest.mark.parametrize("kind", [Client, AsyncClient, Own])
@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
async def test_it_is_told(kind: Callable[[str], Any], take: Callable[[Any], Any]) -> None:
    client = kind("127.0.0.1:1")
    for holder in (client, {"client": client}, [client.chat]):
        if take is copy.copy and holder is not client:
            continue  # a copy of a list has the same client
        with pytest.raises(TypeError, match=TOLD % type(client).__name__):
            take(holder)


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_it_is_told_where_a_process_is_given_one(start: str) -> None:
    with Client("127.0.0.1:1") as client:
        process = multiprocessing.get_context(start).Process(target=print, args=(client,))  # type: ignore[attr-defined]
        with pytest.raises(TypeError, match=TOLD % "Client"):
            process.start()
