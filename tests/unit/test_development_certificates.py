"""The command `imagewire-server cert`: what it writes, prints and refuses; and that what it prints works."""

import re
import shlex
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509

from imagewire_server import development_certificates
from imagewire_server.cli import app
from imagewire_server.config.transport_security import TlsFiles
from imagewire_server.core.access.certificates import caller_id
from imagewire_server.core.tls import Certificate

FILES = ["ca.key", "ca.pem", "client.key", "client.pem", "server.key", "server.pem"]


def made(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["cert", *map(str, arguments)])


def _names(file: Path) -> x509.SubjectAlternativeName:
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_it_writes_files_that_only_this_user_reads(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "certificates"
    ended = made(folder, "draw.internal", "10.0.0.7", "--spiffe", "spiffe://td/ns/a/sa/b", "--days", "2")
    assert ended.exit_code == 0, ended.output
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    server, client = _names(folder / "server.pem"), _names(folder / "client.pem")
    assert server.get_values_for_type(x509.DNSName) == ["localhost", "draw.internal"]
    assert list(map(str, server.get_values_for_type(x509.IPAddress))) == ["127.0.0.1", "::1", "10.0.0.7"]
    uris = client.get_values_for_type(x509.UniformResourceIdentifier)
    assert caller_id(uris, [], "") == "spiffe://td/ns/a/sa/b"
    given = TlsFiles(*(str(folder / name) for name in ("server.pem", "server.key", "ca.pem")))
    leaf = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 2
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()))
    assert Certificate(given).current.names[0] == "localhost"
    said = ended.output
    assert f"--tls-cert {folder}/server.pem --tls-key {folder}/server.key --tls-client-ca {folder}/ca.pem" in said
    for command in ("imagewire-server serve", "imagewire ping", "grpcurl", "curl"):
        [line] = re.findall(rf"^  {command} .*", said, re.MULTILINE)
        assert all(Path(word).exists() for word in shlex.split(line) if word.startswith(str(folder)))


def test_nothing_is_overwritten_unless_it_is_forced_and_the_authority_stays(tmp_path: Path) -> None:
    assert made(tmp_path).exit_code == 0
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    ended = made(tmp_path)
    assert (ended.exit_code, "server.pem exists already" in ended.output, "--force" in ended.output) == (2, True, True)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    assert made(tmp_path, "--force").exit_code == 0
    same = [name for name in FILES if (tmp_path / name).read_bytes() == before[name]]
    assert same == ["ca.key", "ca.pem"]
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a b"], "NAME 'a b' is neither a host name nor an IP address"),
        (["https://a"], "NAME 'https://a' is neither"),
        (["--spiffe", "td/me"], "--spiffe 'td/me' is no SPIFFE id"),
        (["--spiffe", "spiffe://td/../me"], "is no SPIFFE id: write spiffe://TRUST-DOMAIN/PATH"),
        (["--days", "366"], "366"),
    ],
)
def test_a_wrong_argument_writes_nothing(tmp_path: Path, arguments: list[str], words: str) -> None:
    ended = made(tmp_path, *arguments)
    assert (ended.exit_code, words in ended.output) == (2, True), ended.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", ["lost", "another", "damaged"])
def test_an_authority_that_is_not_whole_is_not_replaced(tmp_path: Path, harm: str) -> None:
    made(tmp_path)
    key = tmp_path / "ca.key"
    if harm == "lost":
        key.unlink()
    else:
        key.write_bytes((tmp_path / "client.key").read_bytes() if harm == "another" else b"x")
    ended = made(tmp_path, "--force")
    assert (ended.exit_code, "remove both, and a new authority is made" in ended.output) == (2, True)


def test_an_authority_that_has_expired_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(development_certificates, "AUTHORITY_DAYS", 0)
    made(tmp_path)
    ended = made(tmp_path, "--force")
    assert (ended.exit_code, "ca.pem has expired: remove it" in ended.output) == (2, True)
