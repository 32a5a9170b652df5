"""A picture's file while it is written."""

import os
from pathlib import Path

import pytest

from imagewire_server.core.store.local.part_file import PartFile


def test_a_disk_that_takes_a_little_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def little(descriptor: int, pieces: list[memoryview]) -> int:
        taken.append(os.write(descriptor, b"".join(pieces)[:3]))
        return taken[-1]

    monkeypatch.setattr(os, "writev", little)
    file = PartFile(tmp_path / "part")
    file.write(b"0123456789")
    file.write(b"a", b"", b"bcd", b"ef")
    file.close()
    assert (file.size, (tmp_path / "part").read_bytes()) == (16, b"0123456789abcdef")
    assert taken == [3, 3, 3, 1, 3, 3]


def test_more_pieces_than_a_system_takes_at_once(tmp_path: Path) -> None:
    pieces = [b"%d" % number for number in range(3000)]
    file = PartFile(tmp_path / "part")
    file.write(*pieces)
    file.close()
    assert (tmp_path / "part").read_bytes() == b"".join(pieces)


def test_it_is_new(tmp_path: Path) -> None:
    (tmp_path / "part").touch()
    with pytest.raises(FileExistsError):
        PartFile(tmp_path / "part")
