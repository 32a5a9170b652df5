"""Proxies in front of one server, each started with its file of deploy/, and where callers find it."""

import contextlib
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx

from tests.authority import certified
from tests.compat.conftest import needs
from tests.integration.processes import Program
from tests.mesh.envoy import envoy, until

DEPLOY = Path(__file__).parents[2] / "deploy"
# What the files call the server, for callers.
NAME = "imagewire.example.com"


@dataclass(frozen=True)
class Proxy:
    """A running proxy. certificate: PEM of its own, empty for a proxy without TLS."""

    address: str
    certificate: bytes = b""

    @contextlib.contextmanager
    def channel(self) -> Iterator[grpc.Channel]:
        """A channel of gRPC through it."""
        options: list[tuple[str, str | int]] = [
            ("grpc.enable_retries", 0),
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
        ]
        if self.certificate:
            named = [*options, ("grpc.ssl_target_name_override", NAME)]
            credentials = grpc.ssl_channel_credentials(self.certificate)
            made = grpc.secure_channel(self.address, credentials, options=named)
        else:
            made = grpc.insecure_channel(self.address, options=options)
        with made as channel:
            yield channel

    @contextlib.contextmanager
    def http(self) -> Iterator[httpx.Client]:
        """A client of REST through it; `url` makes its addresses."""
        context = ssl.create_default_context(cadata=self.certificate.decode()) if self.certificate else True
        headers = {"host": NAME} if self.certificate else {}
        with httpx.Client(
            base_url=f"{'https' if self.certificate else 'http'}://{self.address}",
            verify=context,
            headers=headers,
            trust_env=False,
            timeout=120,
            transport=None if not self.certificate else _Named(context),
        ) as client:
            yield client


class _Named(httpx.HTTPTransport):
    """Asks for the server by its name, whatever the address."""

    def __init__(self, context: ssl.SSLContext | bool) -> None:
        super().__init__(verify=context)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = NAME
        return super().handle_request(request)


@contextlib.contextmanager
def through_envoy(folder: Path, server: Program) -> Iterator[Proxy]:
    """deploy/envoy/envoy.yaml"""
    rest = server.rest.removeprefix("http://")
    with envoy(folder, [server.address], [rest]) as mesh:
        mesh.wait_for(server.address, rest)
        yield Proxy(mesh.address)


@contextlib.contextmanager
def through_nginx(folder: Path, server: Program) -> Iterator[Proxy]:
    """deploy/nginx/nginx.conf"""
    text = (DEPLOY / "nginx/nginx.conf").read_text()
    address, certificate = _free_address(), _tls(folder)
    text = text.replace("listen 443 ssl", f"listen {address} ssl").replace("/etc/nginx/tls/", f"{folder}/")
    text = text.replace("imagewire:50051", server.address).replace(
        "imagewire:4000", server.rest.removeprefix("http://")
    )
    # What the packages of distributions have compiled in, in places that nobody may write to.
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace("http {\n", f"http {{\naccess_log off;\n{places}", 1)
    file = folder / "nginx.conf"
    file.write_text(f"daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log stderr warn;\n{text}")
    command = [needs("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(file)]
    with _running(command, folder, address):
        yield Proxy(address, certificate)


@contextlib.contextmanager
def through_caddy(folder: Path, server: Program) -> Iterator[Proxy]:
    """deploy/caddy/Caddyfile"""
    text = (DEPLOY / "caddy/Caddyfile").read_text()
    address, certificate = _free_address(), _tls(folder)
    port = address.rpartition(":")[2]
    text = text.replace(f"{NAME} {{", f"{NAME}:{port} {{\n\tbind 127.0.0.1\n\ttls {folder}/tls.crt {folder}/tls.key")
    text = text.replace("admin off", "admin off\n\tauto_https off\n\tskip_install_trust")
    # Its name is in no DNS here.
    for port, place in (("50051", server.address), ("4000", server.rest.removeprefix("http://"))):
        text = re.sub(rf"dynamic a imagewire {port} {{[^}}]*}}", f"to {place}", text)
    file = folder / "Caddyfile"
    file.write_text(text)
    command = [needs("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]
    with _running(command, folder, address):
        yield Proxy(address, certificate)


PROXIES: dict[str, Callable[[Path, Program], contextlib.AbstractContextManager[Proxy]]] = {
    "envoy": through_envoy,
    "nginx": through_nginx,
    "caddy": through_caddy,
}


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def _tls(folder: Path) -> bytes:
    """A certificate and its key, as the files name them."""
    key, certificate = certified(NAME)
    (folder / "tls.key").write_bytes(key)
    (folder / "tls.crt").write_bytes(certificate)
    return certificate


@contextlib.contextmanager
def _running(command: list[str], folder: Path, address: str) -> Iterator[None]:
    log = folder / "proxy.log"
    with log.open("w") as written:
        # Caddy keeps its state under HOME.
        process = subprocess.Popen(command, stdout=written, stderr=written, env={"HOME": str(folder), "PATH": ""})
    try:

        def listening() -> bool | None:
            assert process.poll() is None, log.read_text()
            host, _, port = address.rpartition(":")
            try:
                socket.create_connection((host, int(port))).close()
            except OSError:
                return None
            return True

        until(listening, command[0])
        yield
    finally:
        process.terminate()
        process.wait(30)
