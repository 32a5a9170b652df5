"""The form of an edit: what of it is large, so that a thread beside the event loop processes it."""

import asyncio
from typing import Any

import pytest
from starlette.datastructures import FormData

from imagewire_server.api.rest.endpoints import images
from imagewire_server.contract.limits import LIGHT_BYTES
from imagewire_server.core.call import Call


class _Exchange:
    """As much of an exchange as a form needs."""

    def __init__(self) -> None:
        self.call = Call()


@pytest.mark.parametrize(("size", "large"), [(LIGHT_BYTES // 2, False), (LIGHT_BYTES // 2 + 1, True)])
def test_pictures_as_text_count_as_much_as_files(size: int, large: bool) -> None:
    exchange: Any = _Exchange()
    form = FormData([("image[]", "x" * size), ("image[]", "x" * size)])
    _, pictures, _, wrong = asyncio.run(images._fields(exchange, form))
    assert (len(pictures), wrong, exchange.call.large) == (2, [], large)
