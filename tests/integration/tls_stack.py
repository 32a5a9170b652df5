"""A server with TLS in both APIs, and clients that show certificates."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx

from tests.authority import Authority, Pair
from tests.conftest import Stack, running_stack

ID = "spiffe://td/ns/draw/sa/client"


@dataclass
class TlsStack:
    """stack: its own channel and HTTP client speak without TLS. trusted: the authority of the server."""

    stack: Stack
    trusted: bytes
    folder: Path

    @property
    def grpc_port(self) -> int:
        return int(self.stack.target.rpartition(":")[2])

    @property
    def rest_port(self) -> int:
        return self.stack.rest.base_url.port or 0

    def channel(self, shown: Pair | None = None) -> grpc.aio.Channel:
        """A new connection to gRPC."""
        pair = (shown.key, shown.cert) if shown else (None, None)
        credentials = grpc.ssl_channel_credentials(self.trusted, *pair)
        # Channels with the same arguments share a connection.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        options.append(("grpc.ssl_target_name_override", "localhost"))
        return grpc.aio.secure_channel(self.stack.target, credentials, options)

    def context(self, shown: Pair | None = None) -> ssl.SSLContext:
        """What a client of HTTP trusts and shows."""
        context = ssl.create_default_context(cadata=self.trusted.decode())
        if shown is not None:
            context.load_cert_chain(*shown.write(self.folder, "shown"))
        return context

    def http(self, shown: Pair | None = None, **given: Any) -> httpx.AsyncClient:
        """A client of REST."""
        base_url = f"https://localhost:{self.rest_port}"
        return httpx.AsyncClient(base_url=base_url, verify=self.context(shown), trust_env=False, timeout=60, **given)


@asynccontextmanager
async def tls_stack(
    folder: Path, issuer: Authority, clients: Authority | None = None, **settings: Any
) -> AsyncIterator[TlsStack]:
    """clients: the authority whose certificates clients must show, None for no such thing."""
    cert, key = issuer.issue("localhost", "127.0.0.1").write(folder, "server")
    given = {"tls_cert": str(cert), "tls_key": str(key), **settings}
    if clients is not None:
        (folder / "clients.pem").write_bytes(clients.pem)
        given["tls_client_ca"] = str(folder / "clients.pem")
    async with running_stack(rest=True, **given) as stack:
        yield TlsStack(stack, issuer.pem, folder)
