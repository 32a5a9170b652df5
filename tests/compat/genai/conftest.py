"""An emulator for the tests of a module."""

from collections.abc import Iterator

import pytest

from imagewire_emulator import Emulator, in_thread


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with in_thread() as made:
        yield made
