"""A file is read whole or refused: neither too much of it, nor a wait for a pipe."""

import os
from pathlib import Path

import pytest

from imagewire_server.config.file_content import content
from imagewire_server.config.source import ConfigError


def test_a_file_is_read_unless_it_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"#" * 1024 * 1024)
    assert content(file) == b"#" * 1024 * 1024
    file.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(
        ConfigError, match="is larger than 1048576 bytes; use a configuration file that can be read, and read again"
    ):
        content(file)


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError,
        match=r"cannot be read \(No such file or directory\); use a configuration file that can be read",
    ):
        content(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        content(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        ConfigError, match="is not a regular file; use a configuration file that can be read, and read again"
    ):
        content(tmp_path / "pipe")
