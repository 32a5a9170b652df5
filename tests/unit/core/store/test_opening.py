"""Which store the settings name, and what happens where its folder cannot be used."""

from dataclasses import replace
from pathlib import Path

import pytest

from imagewire_server.config.settings import Settings
from imagewire_server.config.source import ConfigError
from imagewire_server.core.store import opening
from imagewire_server.core.store.local.store import LocalStore


async def test_off_is_none() -> None:
    assert await opening.open_store(Settings(keep="off")) is None


async def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    store = await opening.open_store(Settings(keep_dir=str(tmp_path / "a/b"), keep_ttl=5))
    assert isinstance(store, LocalStore)
    assert (store.folder.path, store.ttl) == (tmp_path / "a/b", 5)
    await store.aclose()


async def test_by_default_it_is_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    store = await opening.open_store(Settings())
    assert isinstance(store, LocalStore)
    assert store.folder.path == tmp_path / "imagewire/answers"
    await store.aclose()


async def test_a_folder_that_is_named_and_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"imagewire.keep_dir: .*file/kept: .*name a folder that this user can write"):
        await opening.open_store(replace(Settings(), keep_dir=str(tmp_path / "file/kept")))


async def test_a_default_that_cannot_be_used_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert await opening.open_store(Settings()) is None
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert await opening.open_store(Settings()) is None
