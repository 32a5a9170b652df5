"""Where limits are counted, by the settings."""

import sys

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.config.load import Config, ConfigError
from imagewire_server.config.settings import Settings
from imagewire_server.core.access.counts import LocalCounts
from imagewire_server.core.access.opening import open_counts
from imagewire_server.core.access.shared_counts import SharedCounts

REDIS = "redis://:secret@127.0.0.1:1/0"
ONE = (Policy("a", calls_at_once=3),)


async def test_each_process_counts_for_itself_with_its_share() -> None:
    made = open_counts(Config(callers=ONE), 3)
    assert isinstance(made, LocalCounts)
    assert [await made.enter("a", 3, ident) for ident in "12"] == [True, False]
    with pytest.raises(ConfigError, match=r"calls_at_once of 'a' is 3, and 6 processes .* limits_redis"):
        open_counts(Config(Settings(replicas=2), callers=ONE), 3)


@pytest.mark.parametrize(
    "given",
    [Settings(limits_redis=REDIS), Settings(keep="shared", keep_redis=REDIS)],
    ids=["its own", "that of kept answers"],
)
async def test_with_a_redis_they_count_together(given: Settings) -> None:
    made = open_counts(Config(given, callers=ONE), 30)
    assert isinstance(made, SharedCounts)
    await made.aclose()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as raised:
        open_counts(Config(Settings(limits_redis="redis://:secret@host:6379/0?socket_timeout=x")), 1)
    assert str(raised.value).startswith("imagewire.limits_redis: redis://***@host:6379/0?***: ")
    assert "secret" not in str(raised.value)
    monkeypatch.delitem(sys.modules, "imagewire_server.core.access.shared_counts", raising=False)
    monkeypatch.delitem(sys.modules, "imagewire_server.core.store.shared.connection", raising=False)
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ConfigError, match=r"needs the package redis: pip install 'imagewire-server\[shared\]'"):
        open_counts(Config(Settings(limits_redis=REDIS)), 1)
