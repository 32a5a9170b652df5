"""The limit of open files is raised as far as it may be."""

import resource
from collections.abc import Iterator

import pytest

from imagewire_server.process import open_files


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_to_the_hard_limit(limits: tuple[int, int]) -> None:
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 512), hard))
    open_files.raise_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


@pytest.mark.parametrize("error", [OSError, ValueError])
def test_a_system_that_refuses_leaves_it(
    limits: tuple[int, int], error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(resource, "setrlimit", refuse)
    open_files.raise_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limits
