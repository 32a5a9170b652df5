"""Which store the settings open, and what they are told when it cannot be."""

import sys
from pathlib import Path

import pytest

from imagewire_server.config.source import ConfigError
from imagewire_server.core.store.opening import open_store
from imagewire_server.core.store.secret import WrongSecret
from imagewire_server.core.store.shared.store import SharedStore
from imagewire_server.providers.registry import load
from tests.deployments import settings

NOBODY = "redis://:hunter2@127.0.0.1:1/0"  # no Redis listens there


async def refused(**given: str) -> str:
    with pytest.raises(ConfigError) as failed:
        await open_store(settings(keep="shared", **{"keep_redis": NOBODY, **given}))
    assert "hunter2" not in str(failed.value)
    return str(failed.value)


async def test_off_opens_nothing() -> None:
    assert await open_store(settings(keep="off")) is None


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ConfigError, match=r"imagewire\.keep_dir: .*file.*: File exists; name a folder that this user"):
        await open_store(settings(keep="local", keep_dir=str(file)))


@pytest.mark.parametrize("names_folder", [True, False])
async def test_a_secret_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names_folder: bool
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "imagewire/answers"
    folder.mkdir(parents=True)
    (folder / "secret").write_bytes(b"short")
    with pytest.raises(ConfigError, match=rf"imagewire\.keep_dir: {folder}/secret: has 5 bytes, .* or remove it"):
        await open_store(settings(keep="local", keep_dir=str(folder) if names_folder else ""))


async def test_a_secret_in_redis_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(_: SharedStore) -> None:
        raise WrongSecret("the key: remove it")

    monkeypatch.setattr(SharedStore, "start", start)
    with pytest.raises(ConfigError, match=r"imagewire\.keep_redis: redis://.*: the key: remove it") as refused:
        await open_store(settings(keep="shared", keep_redis=NOBODY, keep_objects=f"file://{tmp_path}/objects"))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("package", ["redis", "obstore"])
async def test_a_package_that_is_missing_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("imagewire_server.core.store.shared")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("redis", "redis.asyncio", "obstore", "obstore.exceptions"):
        if name.startswith(package):
            monkeypatch.setitem(sys.modules, name, None)
    assert await refused() == (
        f"imagewire.keep: shared needs the package {package}: pip install 'imagewire-server[shared]'"
    )


async def test_an_object_store_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = await refused(keep_objects=f"file://{tmp_path}/file/folder")
    assert words.startswith(f"imagewire.keep_objects: file://{tmp_path}/file/folder: ")
    assert await refused(keep_objects="az://container") == (
        "imagewire.keep_objects: az://container: MicrosoftAzure error: Account must be specified"
    )


async def test_a_redis_that_is_down_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = await open_store(settings(keep="shared", keep_redis=NOBODY, keep_objects=f"file://{tmp_path}/objects"))
    assert store is not None
    assert store.is_down
    await store.aclose()
    assert "hunter2" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("KEEP_REDIS", "http://:hunter2@host", "must start with redis:// or rediss:// and have a host"),
        ("KEEP_REDIS", "redis://:hunter2@host:port", "must start with redis:// or rediss:// and have a host"),
        ("KEEP_OBJECTS", "ftp://host", "must be file:///folder, s3://bucket/prefix"),
        ("KEEP_OBJECTS", "file://folder", "must be file:///folder, s3://bucket/prefix"),
        ("KEEP_OBJECTS", "s3://", "must be file:///folder, s3://bucket/prefix"),
        ("KEEP", "shared", "keep_redis is required by keep: shared"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(ConfigError) as failed:
        load(None, {"GEMINI_API_KEY": "key", f"IMAGEWIRE_{name}": value})
    assert words in str(failed.value)
    assert "hunter2" not in str(failed.value)


@pytest.mark.parametrize(
    ("env", "folder"),
    [({"XDG_STATE_HOME": "/state"}, "state"), ({"XDG_STATE_HOME": "relative", "HOME": ""}, ".local/state")],
    ids=["XDG", "home"],
)
async def test_the_default_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], folder: str
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value if value == "relative" else f"{tmp_path}{value}")
    store = await open_store(settings(keep="local", keep_dir=""))
    assert store is not None
    await store.aclose()
    assert (tmp_path / folder / "imagewire/answers/answers.sqlite").exists()


async def test_a_default_folder_that_cannot_be_used_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for state, home in (f"{tmp_path}/file", str(tmp_path)), ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", state)
        monkeypatch.setenv("HOME", home)
        assert await open_store(settings(keep="local", keep_dir="")) is None


async def test_a_redis_that_is_none_is_named() -> None:
    assert (await refused(keep_redis="http://:hunter2@host")).startswith("imagewire.keep_redis: http://")
