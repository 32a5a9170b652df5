"""What other people's tests get: a server over an emulator in their process, and pytest's fixture."""

import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import imagewire
from imagewire import testing

pytestmark = pytest.mark.system

PAGE = Path(__file__).parents[2] / "docs/testing.md"


@pytest.fixture(scope="module")
def shared() -> Iterator[testing.Emulated]:
    with testing.emulator() as made:
        yield made


@pytest.fixture
def emulated(shared: testing.Emulated) -> testing.Emulated:
    shared.reset()
    return shared


def test_the_calls_and_what_they_cost_are_known(emulated: testing.Emulated) -> None:
    with imagewire.Client(emulated) as client:
        client.draw("A banana")
        client.draw("x", model="gemini/emulator-two-images")
    first, second = emulated.calls()
    assert (first.model, first.status, first.outcome, first.pictures_charged) == (
        "gemini-2.5-flash-image",
        200,
        "ok",
        1,
    )
    assert first.request["contents"][0]["parts"] == [{"text": "A banana"}]
    assert emulated.pictures_charged == 1 + second.pictures_charged


def test_faults_on_demand_and_a_new_start(emulated: testing.Emulated) -> None:
    emulated.direct("503 times 1")
    with imagewire.Client(emulated) as client:
        client.draw("A banana")
    assert [call.status for call in emulated.calls()] == [503, 200]
    with pytest.raises(ValueError, match="the nearest that there is: cut"):
        emulated.direct("cutt@70%")
    emulated.reset()
    assert (emulated.calls(), emulated.pictures_charged) == ([], 0)


def test_the_environment_is_not_read(emulated: testing.Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("GEMINI_API_KEY", "my-own")
    with testing.emulator() as another, imagewire.Client(another) as client:
        client.draw("A banana")
        assert another.pictures_charged == 1
    assert emulated.calls() == []
    with pytest.raises(OSError, match="refused"):
        another.calls()


def test_nothing_of_it_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the answers that it kept, nor the folder of its socket."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with testing.emulator() as made:
        with imagewire.Client(made) as client:
            client.draw("A banana", request_id=str(uuid.uuid4()))
        socket = Path(made.removeprefix("unix:"))
        assert socket.is_socket()
        assert len(list(tmp_path.glob("imagewire-*/answers.sqlite"))) == 1
    assert not socket.parent.exists()
    assert list(tmp_path.iterdir()) == []


def test_other_clients_of_googles_api_can_use_it(emulated: testing.Emulated) -> None:
    with httpx.Client(trust_env=False) as client:
        listed = client.get(f"{emulated.upstream}/v1beta/models", headers={"x-goog-api-key": emulated.api_key})
    assert listed.json()["models"]


def test_without_the_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagewire_emulator.server", None)
    with pytest.raises(imagewire.NotSupported, match="pip install imagewire-server"), testing.emulator():
        pass


def test_the_pages_suite_passes(tmp_path: Path) -> None:
    """Its conftest.py, and its tests as a module."""
    _, conftest, suite = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_posters.py").write_text("import imagewire\n" + suite)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert "2 passed" in ended.stdout, ended.stdout
