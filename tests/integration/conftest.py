"""Programs that several tests use."""

from collections.abc import Iterator

import pytest

from tests.integration.shared_store import Redis, running_redis, running_s3


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis for the tests that do not end it."""
    with running_redis(tmp_path_factory.mktemp("redis")) as made:
        yield made


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[dict[str, str]]:
    with running_s3() as variables:
        yield variables


@pytest.fixture
def s3(_s3_server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names an S3 server."""
    for name, value in _s3_server.items():
        monkeypatch.setenv(name, value)
