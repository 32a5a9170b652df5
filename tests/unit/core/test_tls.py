"""The certificate in use: it follows its files, and what is wrong with them changes nothing."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from structlog.testing import CapturedCall, CapturingLogger

from imagewire_server.config.source import ConfigError
from imagewire_server.config.transport_security import TlsFiles
from imagewire_server.core import exposition, metrics, tls
from imagewire_server.core.tls import Certificate
from tests.authority import Authority

ISSUER = Authority()
_SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505  # so that it is refused


@pytest.fixture(autouse=True)
def _own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_own", {})


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> list[CapturedCall]:
    """The lines of the log."""
    made = CapturingLogger()
    monkeypatch.setattr(tls, "_log", made)
    return made.calls


def written(folder: Path, *, client_ca: bool = False) -> TlsFiles:
    """The files of a new pair."""
    cert, key = ISSUER.issue("localhost").write(folder, "server")
    (folder / "ca.pem").write_bytes(ISSUER.pem)
    return TlsFiles(str(cert), str(key), str(folder / "ca.pem") if client_ca else "")


def test_a_changed_pair_is_used_from_the_next_look_on(tmp_path: Path, entries: list[CapturedCall]) -> None:
    files = written(tmp_path)
    certificate = Certificate(files)
    first = certificate.current
    certificate.look()
    assert certificate.current is first
    assert entries == []
    written(tmp_path)
    certificate.look()
    assert certificate.current.cert == Path(files.cert).read_bytes() != first.cert
    [line] = entries
    assert (line.args, line.kwargs["file"]) == (("the certificate was read again",), files.cert)


def test_a_look_that_is_asked_for_reads_what_did_not_change(tmp_path: Path) -> None:
    certificate = Certificate(written(tmp_path))
    first = certificate.current
    certificate.look(again=True)
    assert certificate.current is not first


def test_a_link_that_is_swapped_as_kubernetes_does_is_followed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written(tmp_path / name)
    (tmp_path / "..data").symlink_to("one")
    for name in ("server.pem", "server.key"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    certificate = Certificate(TlsFiles(str(tmp_path / "server.pem"), str(tmp_path / "server.key")))
    (tmp_path / "..new").symlink_to("two")
    (tmp_path / "..new").rename(tmp_path / "..data")
    certificate.look()
    assert certificate.current.cert == (tmp_path / "two/server.pem").read_bytes()


def _half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:200])


def _another(file: Path) -> None:
    file.write_bytes(ISSUER.issue("localhost").key)


@pytest.mark.parametrize(
    ("name", "harm", "words"),
    [
        ("server.pem", _half, "has no certificate in PEM, or a damaged one"),
        ("server.pem", Path.unlink, "No such file"),
        ("server.key", _half, "has no private key in PEM, or a damaged one"),
        ("server.key", _another, "is not the key of the certificate in tls_cert"),
        ("ca.pem", _half, "has no certificate in PEM, or a damaged one"),
    ],
)
def test_a_broken_file_keeps_the_last_good_ones_and_is_told_once(
    tmp_path: Path, entries: list[CapturedCall], name: str, harm: Any, words: str
) -> None:
    certificate = Certificate(written(tmp_path, client_ca=True))
    first = certificate.current
    harm(tmp_path / name)
    certificate.look()
    certificate.look()
    assert certificate.current is first
    [line] = entries
    why = line.kwargs["why"]
    assert (line.method_name, str(tmp_path / name) in why, words in why) == ("error", True, True), line
    written(tmp_path)
    certificate.look()
    assert certificate.current is not first


def test_files_that_change_while_they_are_read_are_read_at_the_next_look(
    tmp_path: Path, entries: list[CapturedCall], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = Certificate(written(tmp_path))
    first, read = certificate.current, tls._read

    def reading(files: TlsFiles) -> Any:
        loaded = read(files)
        written(tmp_path)
        return loaded

    written(tmp_path)
    monkeypatch.setattr(tls, "_read", reading)
    certificate.look()
    assert (certificate.current, entries) == (first, [])
    monkeypatch.undo()
    certificate.look()
    assert certificate.current.cert == (tmp_path / "server.pem").read_bytes()


def test_files_that_are_wrong_only_while_they_are_written_are_not_told(
    tmp_path: Path, entries: list[CapturedCall], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = Certificate(written(tmp_path))
    read = tls._read

    def reading(files: TlsFiles) -> Any:
        (tmp_path / "server.key").write_bytes(b"half")
        try:
            return read(files)
        finally:
            monkeypatch.undo()
            monkeypatch.setattr(tls, "_log", log)
            written(tmp_path)

    log = tls._log
    written(tmp_path)
    monkeypatch.setattr(tls, "_read", reading)
    certificate.look()
    assert entries == []
    monkeypatch.setattr(tls, "_read", reading)
    assert Certificate(certificate.files).current.cert == (tmp_path / "server.pem").read_bytes()  # it reads once more


def test_a_key_that_is_too_short_is_told(tmp_path: Path) -> None:
    cert, key = ISSUER.issue("localhost", key=_SHORT).write(tmp_path, "server")
    with pytest.raises(ConfigError, match=r"^tls_cert .*server\.pem: cannot be used \(EE_KEY_TOO_SMALL\)"):
        Certificate(TlsFiles(str(cert), str(key)))


def test_an_expired_certificate_is_served_and_told_once(tmp_path: Path, entries: list[CapturedCall]) -> None:
    cert, key = ISSUER.issue("localhost", left=-timedelta(hours=1)).write(tmp_path, "server")
    certificate = Certificate(TlsFiles(str(cert), str(key)))
    certificate.look()
    certificate.look()
    [line] = entries
    assert (line.method_name, line.args[0].startswith("the certificate has expired")) == ("error", True)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "is not a regular file"),
        (lambda path: path.write_bytes(bytes(1024 * 1024 + 1)), "is larger than 1048576 bytes"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: None, "No such file or directory"),
    ],
)
def test_what_is_no_file_of_ours_is_told_with_its_setting(tmp_path: Path, make: Any, words: str) -> None:
    files, path = written(tmp_path), tmp_path / "odd"
    make(path)
    with pytest.raises(ConfigError) as refused:
        Certificate(TlsFiles(files.cert, str(path)))
    assert str(refused.value).startswith(f"tls_key {path}: ")
    assert words in str(refused.value)


def test_a_file_that_may_not_be_read_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, read = written(tmp_path), Path.read_bytes

    def reading(path: Path) -> bytes:
        if path.suffix == ".key":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", reading)
    with pytest.raises(ConfigError, match=r"tls_key .*: may not be read: give the server's user the right"):
        Certificate(files)


def test_the_metrics_tell_until_when_it_is_valid(tmp_path: Path) -> None:
    files = written(tmp_path)
    certificate = Certificate(files)
    name = "imagewire_tls_certificate_not_after_timestamp_seconds"
    [line] = [
        line for line in exposition.page().decode().splitlines() if line.startswith(f'{name}{{file="{files.cert}"')
    ]
    assert float(line.split()[-1]) == certificate.current.not_after


async def test_it_is_watched_as_long_as_it_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "_PACE", 0.01)
    files, look, looked = written(tmp_path), Certificate.look, asyncio.Queue[None]()
    loop, faults = asyncio.get_running_loop(), iter([ValueError("a fault, after which it is looked again")])

    def looking(certificate: Certificate) -> None:
        for fault in faults:
            raise fault
        look(certificate)
        loop.call_soon_threadsafe(looked.put_nowait, None)

    monkeypatch.setattr(Certificate, "look", looking)
    async with tls.watched(files) as certificate:
        assert certificate is not None
        await looked.get()
        written(tmp_path)
        while certificate.current.cert != (tmp_path / "server.pem").read_bytes():
            await looked.get()
    async with tls.watched(None) as none:
        assert none is None
    assert (
        metrics.everything().keys().isdisjoint([("imagewire_tls_certificate_not_after_timestamp_seconds", files.cert)])
    )
