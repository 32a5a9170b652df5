"""The fetcher over TLS: a certificate is for the name in the URL, although an address is connected to."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.authority import certified
from tests.integration.raw_listener import BOTH, NAME, connections_to, fetching, listening, redirect, refused
from tests.pictures import PNG

# TLS.


@dataclass
class Certified:
    """A server's side and a caller's side that trusts it."""

    server: ssl.SSLContext
    caller: ssl.SSLContext


def trusted(folder: Path, name: str) -> Certified:
    """A certificate for this name."""
    key, certificate = certified(name)
    (folder / "key.pem").write_bytes(key)
    (folder / "certificate.pem").write_bytes(certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return Certified(server, ssl.create_default_context(cafile=str(folder / "certificate.pem")))


async def test_tls_is_with_the_name_although_an_address_is_connected_to(tmp_path: Path) -> None:
    made = trusted(tmp_path, NAME)
    async with listening(tls=made.server) as listener:
        given = {"schemes": {"https"}, "ports": {listener.port}, "ssl": made.caller}
        async with fetching(**given) as fetcher:
            assert await fetcher.fetch(f"https://{NAME}:{listener.port}/a") == PNG
    assert listener.names == [NAME]
    assert f"Host: {NAME}:{listener.port}\r\n" in listener.heads[0]


@pytest.mark.parametrize("case", ["another name", "the address", "an unknown authority"])
async def test_a_certificate_that_does_not_fit_is_refused(tmp_path: Path, case: str) -> None:
    made = trusted(tmp_path, {"another name": "other.example", "the address": "127.0.0.1"}.get(case, NAME))
    async with listening(tls=made.server) as listener:
        caller = None if case == "an unknown authority" else made.caller
        given = {"schemes": {"https"}, "ports": {listener.port}, "ssl": caller}
        await refused(f"https://{NAME}:{listener.port}/a", "without a valid certificate", **given)
        assert listener.heads == []


async def test_a_server_without_tls_is_refused() -> None:
    async with listening() as listener:
        url = f"https://{NAME}:{listener.port}/a"
        await refused(url, "without a valid certificate", schemes={"https"}, ports={listener.port})


async def test_a_redirect_away_from_tls(tmp_path: Path) -> None:
    made = trusted(tmp_path, NAME)
    async with listening() as plain:
        away = redirect(f"http://{NAME}:{plain.port}/b")
        async with listening(away, tls=made.server) as listener:
            url = f"https://{NAME}:{listener.port}/a"
            given = {"ports": {listener.port, plain.port}, "ssl": made.caller}
            await refused(url, "must start with https://; otherwise", schemes={"https"}, **given)
            assert await connections_to(plain) == 0
            async with fetching(schemes=BOTH, **given) as fetcher:
                assert await fetcher.fetch(url) == PNG
