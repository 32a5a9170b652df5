"""The folder of a local store, and who uses it."""

import errno
import fcntl
import hashlib
import io
import shutil
from pathlib import Path

import pytest

from imagewire_server.core.store.local.folder import Folder, hold


def test_it_is_its_users_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a/b")
    for path in (folder.path, folder.log("x").parent, folder.part("x", 0).parent, folder.object(b"x").parent.parent):
        assert path.stat().st_mode & 0o777 == 0o700


def test_an_owner_lives_until_it_ends(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    owner = folder.owner()
    assert folder.is_alive(owner.name)
    owner.end()
    assert not folder.is_alive(owner.name)
    assert not folder.is_alive("nobody")


def test_a_file_that_nobody_holds_is_a_dead_owner(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "owners/left").touch()
    assert not folder.is_alive("left")
    assert list((tmp_path / "owners").iterdir()) == []


def test_owners_that_ended_are_forgotten(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    owner = folder.owner()
    (tmp_path / "owners/left").touch()
    folder.forget_owners()
    assert [file.name for file in (tmp_path / "owners").iterdir()] == [owner.name]
    owner.end()


def test_an_owner_whose_file_is_taken_for_left_makes_it_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lock(descriptor: int, how: int) -> None:
        monkeypatch.undo()
        folder.forget_owners()
        fcntl.flock(descriptor, how)

    folder = Folder(tmp_path)
    monkeypatch.setattr(fcntl, "flock", lock)
    owner = folder.owner()
    assert folder.is_alive(owner.name)
    owner.end()


def test_an_answer_is_read_until_its_log_is_closed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert not folder.is_read("a")
    with io.FileIO(folder.log("a"), "xb") as log:
        hold(log)
        assert folder.is_read("a")
    assert not folder.is_read("a")
    assert folder.log("a").exists()


def test_what_an_answer_has_is_removed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for path in (folder.log("a"), folder.part("a", 1), folder.part("a", 2), folder.part("b", 0)):
        path.touch()
    folder.remove("a")
    assert [name for _, name in folder.leftovers()] == ["b"]


def test_whether_the_disk_takes_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path)
    folder.try_to_write()

    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        folder.try_to_write()
    assert list(folder.leftovers()) == []


def test_objects_by_their_hash(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    part = folder.new_part()
    part.write_bytes(b"x")
    folder.keep_object(part, b"\xab" * 32)
    assert list(folder.objects()) == [(tmp_path / "objects/ab" / ("ab" * 32), b"\xab" * 32)]


def test_an_object_is_read_and_compared_with_its_name(tmp_path: Path) -> None:
    folder, data = Folder(tmp_path), bytes(range(100))
    sha256 = hashlib.sha256(data).digest()
    assert not folder.has_object(sha256)
    part = folder.new_part()
    part.write_bytes(data)
    folder.keep_object(part, sha256)
    assert folder.has_object(sha256)
    assert [folder.read_object(sha256, *span) for span in ((0, 5), (90, 20), (100, 5))] == [data[:5], data[90:], b""]
    folder.object(sha256).write_bytes(data[::-1])
    assert not folder.has_object(sha256)


def test_all_that_use_it_have_one_secret(tmp_path: Path) -> None:
    secret = Folder(tmp_path / "a").secret()
    assert secret == Folder(tmp_path / "a").secret() != Folder(tmp_path / "b").secret()
    assert (len(secret), (tmp_path / "a/secret").stat().st_mode & 0o777) == (32, 0o600)


def test_an_owner_sees_that_its_file_was_removed(tmp_path: Path) -> None:
    owner = Folder(tmp_path).owner()
    assert (owner.is_there, owner.is_removed) == (True, False)
    (tmp_path / "owners" / owner.name).unlink()
    assert (owner.is_there, owner.is_removed) == (False, True)
    (tmp_path / "owners" / owner.name).touch()
    assert (owner.is_there, owner.is_removed) == (False, True), "it is another file"
    owner.end()


def test_what_is_missing_is_made_by_one_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a")
    shutil.rmtree(folder.path)
    with folder.alone():
        assert folder.log("x").parent.is_dir()
        with (folder.path / "lock").open("ab") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (folder.path / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("is_there", [False, True])
def test_the_next_database_begins_without_what_is_left_of_the_last(tmp_path: Path, is_there: bool) -> None:
    folder = Folder(tmp_path)
    left = [tmp_path / f"answers.sqlite{end}" for end in ("-wal", "-shm")]
    for file in left:
        file.touch()
    if is_there:
        folder.database.touch()
    with folder.alone():
        assert [file.exists() for file in left] == [is_there, is_there]
