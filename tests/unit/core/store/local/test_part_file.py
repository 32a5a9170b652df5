"""A picture's file while it is written."""

import os
from pathlib import Path

import pytest

from imagewire_server.core.store.local.part_file import PartFile


def test_a_disk_that_takes_a_little_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    file = PartFile(tmp_path / "part")
    file.write(b"0123456789")
    file.write(b"ab")
    file.close()
    assert (file.size, (tmp_path / "part").read_bytes()) == (12, b"0123456789ab")


def test_it_is_new(tmp_path: Path) -> None:
    (tmp_path / "part").touch()
    with pytest.raises(FileExistsError):
        PartFile(tmp_path / "part")
