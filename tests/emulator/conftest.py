"""An emulator for the tests of this folder, and a client of it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from imagewire_emulator import Emulator, running


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with running() as made:
        yield made


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"x-goog-api-key": emulator.api_key}
    async with aiohttp.ClientSession(emulator.base_url, headers=headers, auto_decompress=False) as made:
        yield made
