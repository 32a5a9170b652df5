"""The settings of TLS, and where a server may listen without it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from imagewire_server.cli import app
from imagewire_server.config.keys import exposed
from imagewire_server.config.source import ConfigError
from imagewire_server.config.transport_security import TlsFiles, files, ids
from imagewire_server.providers.registry import load, table

PAIR = {"IMAGEWIRE_TLS_CERT": "c.pem", "IMAGEWIRE_TLS_KEY": "k.pem"}
CLIENTS = {**PAIR, "IMAGEWIRE_TLS_CLIENT_CA": "ca.pem"}


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"IMAGEWIRE_TLS_CERT": "c.pem"}, "tls_cert is set without tls_key"),
        ({"IMAGEWIRE_TLS_KEY": "k.pem"}, "tls_key is set without tls_cert"),
        ({"IMAGEWIRE_TLS_CLIENT_CA": "ca.pem"}, "tls_client_ca is for TLS, .*set tls_cert and tls_key"),
        ({**PAIR, "IMAGEWIRE_TLS_ALLOWED_IDS": "cert:a"}, "tls_allowed_ids is about client certificates"),
        ({**PAIR, "IMAGEWIRE_TLS_CLIENT_SUFFICES": "true"}, "tls_client_suffices is about client certificates"),
        ({**CLIENTS, "IMAGEWIRE_TLS_ALLOWED_IDS": " , "}, "tls_allowed_ids names nobody"),
        ({**CLIENTS, "IMAGEWIRE_TLS_ALLOWED_IDS": "cert:a, b"}, "tls_allowed_ids must be spiffe://.*, not 'b'"),
        ({**CLIENTS, "IMAGEWIRE_TLS_ALLOWED_IDS": "spiffe://TD/a"}, "tls_allowed_ids must be spiffe://"),
        ({**CLIENTS, "IMAGEWIRE_TLS_ALLOWED_IDS": "spiffe://td/a/"}, "tls_allowed_ids must be spiffe://"),
        ({"IMAGEWIRE_PLAINTEXT": "yes"}, "plaintext must be loopback or anywhere, not 'yes'"),
        ({"IMAGEWIRE_GRPC": "0.0.0.0:1"}, r"other machines could reach 0\.0\.0\.0:1, .*--plaintext anywhere"),
        ({"IMAGEWIRE_REST": "[::]:1"}, r"other machines could reach \[::\]:1, "),
        (
            {"IMAGEWIRE_ADMIN": "0.0.0.0:9090"},
            r"other machines could reach 0\.0\.0\.0:9090, .*set plaintext to anywhere",
        ),
        ({"IMAGEWIRE_ADMIN": "unix:/run/x"}, "admin must be HOST:PORT or off, not 'unix:/run/x'"),
        ({"IMAGEWIRE_GRPC": "a.b:1", "IMAGEWIRE_REST": "10.0.0.1:2"}, r"reach a\.b:1 and 10\.0\.0\.1:2, "),
    ],
)
def test_what_does_not_go_together_stops_the_start(environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(None, environ)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"IMAGEWIRE_GRPC": "unix:/run/imagewire", "IMAGEWIRE_REST": "off"},
        {"IMAGEWIRE_GRPC": "[::1]:1", "IMAGEWIRE_REST": "localhost:2"},
        {"IMAGEWIRE_GRPC": "0.0.0.0:1", "IMAGEWIRE_PLAINTEXT": "anywhere"},
        {"IMAGEWIRE_GRPC": "0.0.0.0:1", "IMAGEWIRE_REST": "0.0.0.0:2", "IMAGEWIRE_ADMIN": "0.0.0.0:3", **PAIR},
        {"IMAGEWIRE_ADMIN": "127.0.0.1:9090"},
        {"IMAGEWIRE_ADMIN": "0.0.0.0:9090", "IMAGEWIRE_PLAINTEXT": "anywhere"},
    ],
)
def test_what_is_local_encrypted_or_said_by_name_starts(environ: dict[str, str]) -> None:
    load(None, environ)


def test_the_files_by_their_settings() -> None:
    made = load(None, {**CLIENTS, "IMAGEWIRE_TLS_ALLOWED_IDS": "spiffe://td/ns/*/sa/name, cert:Jane Doe"}).settings
    found = files(made)
    assert found == TlsFiles("c.pem", "k.pem", "ca.pem")
    assert found.by_setting == {"tls_cert": "c.pem", "tls_key": "k.pem", "tls_client_ca": "ca.pem"}
    assert TlsFiles("c", "k").by_setting == {"tls_cert": "c", "tls_key": "k"}
    assert ids(made) == ("spiffe://td/ns/*/sa/name", "cert:Jane Doe")
    assert files(load(None, {}).settings) is None


def test_litellms_variables_are_honoured_and_ours_come_first() -> None:
    given = {"SSL_CERTFILE_PATH": "l.pem", "SSL_KEYFILE_PATH": "l.key"}
    assert files(load(None, given).settings) == TlsFiles("l.pem", "l.key")
    assert files(load(None, {**given, **PAIR}).settings) == TlsFiles("c.pem", "k.pem")


def test_where_certificates_are_asked_for_strangers_cannot_draw() -> None:
    open_ports = {"IMAGEWIRE_GRPC": "0.0.0.0:1"}
    assert len(exposed(load(None, {**open_ports, **PAIR}).settings, asks_for_key=False)) == 1
    assert exposed(load(None, {**open_ports, **CLIENTS}).settings, asks_for_key=False) == ()


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ({}, ["callers must send the master key"]),
        (PAIR, ["TLS with the certificate c.pem and the key k.pem", "callers must send the master key"]),
        (
            {**CLIENTS, "IMAGEWIRE_TLS_ALLOWED_IDS": "cert:a"},
            [
                "TLS with the certificate c.pem and the key k.pem",
                "callers must show a certificate of ca.pem, for cert:a",
                "callers must send the master key",
            ],
        ),
        (
            {**CLIENTS, "IMAGEWIRE_TLS_CLIENT_SUFFICES": "true"},
            [
                "TLS with the certificate c.pem and the key k.pem",
                "callers must show a certificate of ca.pem, for any name",
                "callers need no key",
            ],
        ),
    ],
)
def test_a_check_shows_who_may_call(more: dict[str, str], lines: list[str]) -> None:
    environ = {"GEMINI_API_KEY": "k", "IMAGEWIRE_MASTER_KEY": "sk", **more}
    shown = list(table(load(None, environ), environ))
    assert [line for line in shown if line.startswith(("TLS", "callers"))] == lines


def test_a_check_reads_the_files_of_tls_unless_there_is_no_environment(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"imagewire: {{tls_cert: {tmp_path}/none.pem, tls_key: {tmp_path}/none.key}}\n")
    ended = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert (ended.exit_code, f"tls_cert {tmp_path}/none.pem: cannot be read" in ended.output) == (2, True)
    assert CliRunner().invoke(app, ["check", "--no-env", "--config", str(file)]).exit_code == 0
