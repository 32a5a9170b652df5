"""The server inside the process: one for each environment, nothing of it left over, an error where there is none."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import imagewire
from imagewire._grpc import embedded
from tests.integration.processes import Program

TALK = """
import imagewire, pathlib, threading
with imagewire.Client("embedded") as client:
    folder = pathlib.Path(client.target.removeprefix("unix:")).parent
    assert folder.stat().st_mode & 0o077 == 0
    assert imagewire.Client("embedded").target == client.target
    print(folder, client.draw("A banana").width, client.ping().status)
"""


def test_it_draws_and_leaves_nothing(emulator: Program) -> None:
    environ = {"GEMINI_API_KEY": "emulator-key", "IMAGEWIRE_GEMINI_BASE_URL": emulator.address}
    ended = subprocess.run(
        [sys.executable, "-W", "default", "-c", TALK],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    folder, width, status = ended.stdout.split()
    assert (width, status) == ("1024", "SERVING")
    assert not Path(folder).exists()


def test_another_key_has_another_server(emulator: Program) -> None:
    given = {"IMAGEWIRE_GEMINI_BASE_URL": emulator.address}
    right = embedded.address(GEMINI_API_KEY="emulator-key", **given)
    wrong = embedded.address(GEMINI_API_KEY="wrong", **given)
    assert right == embedded.address(GEMINI_API_KEY="emulator-key", **given) != wrong
    with imagewire.Client(right) as client:
        assert client.draw("A banana").mime_type == "image/png"
    with imagewire.Client(wrong) as client, pytest.raises(imagewire.ImagewireError, match="key"):
        client.draw("A banana")


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(imagewire.InvalidRequest, match="idle_timeout must be a number"):
        embedded.address(GEMINI_API_KEY="k", IMAGEWIRE_IDLE_TIMEOUT="soon")


def test_without_a_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "entry_points", lambda group: importlib.metadata.EntryPoints(()))
    with pytest.raises(imagewire.NotSupported, match=r'pip install "imagewire\[embedded\]"'):
        embedded.address(GEMINI_API_KEY="another")
