"""The secret of a local store is never a guessable one."""

import os
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.core.store import secret
from imagewire_server.core.store.local import secret_file
from imagewire_server.core.store.secret import WrongSecret


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    places: list[str] = []
    monkeypatch.setattr(secret, "warn_of_empty", places.append)
    return places


def test_it_is_made_once_for_its_user_alone(tmp_path: Path, warned: list[str]) -> None:
    file, part = tmp_path / "secret", tmp_path / "part"
    made = secret_file.read(file, part)
    assert (len(made), file.stat().st_mode & 0o777, part.exists()) == (32, 0o600, False)
    assert secret_file.read(file, part, b"k" * 32) == made
    assert secret_file.read(tmp_path / "other", part, b"k" * 32) == b"k" * 32
    assert warned == []


def test_the_secret_of_a_faster_process_is_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_late(_: Path, file: Path) -> None:
        file.write_bytes(b"t" * 32)
        raise FileExistsError

    monkeypatch.setattr(os, "link", too_late)
    assert secret_file.read(tmp_path / "secret", tmp_path / "part") == b"t" * 32
    assert not (tmp_path / "part").exists()


def test_its_bytes_are_on_the_disk_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    link, fsync = os.link, os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("fsync"), fsync(descriptor)))
    monkeypatch.setattr(os, "link", lambda *files: (done.append("link"), link(*files)))
    secret_file.read(tmp_path / "secret", tmp_path / "part")
    assert done == ["fsync", "link"]


def test_an_empty_file_is_filled(tmp_path: Path, warned: list[str]) -> None:
    file = tmp_path / "secret"
    file.touch()
    made = secret_file.read(file, tmp_path / "part")
    assert (len(made), made.count(0) < 16, file.read_bytes()) == (32, True, made)
    assert warned == [str(file)]
    assert secret_file.read(file, tmp_path / "part") == made
    assert warned == [str(file)]


def test_an_empty_file_is_filled_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warned: list[str]
) -> None:
    file = tmp_path / "secret"
    file.touch()

    def lock(*_: Any) -> None:
        file.write_bytes(b"t" * 32)

    monkeypatch.setattr(secret_file.fcntl, "flock", lock)
    assert secret_file.read(file, tmp_path / "part") == b"t" * 32
    assert (warned, file.read_bytes()) == ([], b"t" * 32)


@pytest.mark.parametrize("size", [1, 31, 33])
def test_what_has_another_length_is_refused(tmp_path: Path, size: int) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"x" * size)
    with pytest.raises(WrongSecret) as refused:
        secret_file.read(file, tmp_path / "part")
    assert str(refused.value).startswith(f"{file}: has {size} bytes, and the secret of a store has 32: restore it, or")
    assert file.read_bytes() == b"x" * size


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    with pytest.raises(WrongSecret, match="secret: is a directory, and the secret of a store is a file: restore it"):
        secret_file.read(tmp_path / "secret", tmp_path / "part")
