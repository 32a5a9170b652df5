"""A token server on loopback, and credentials whose tokens it gives out."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


@dataclass
class TokenServer:
    """What it gives: tokens, the last one again and again, each valid for `lifetime` seconds, after `delay` seconds."""

    url: str = ""
    tokens: list[str] = field(default_factory=lambda: ["emulator-token"])
    lifetime: int = 3600
    delay: float = 0.0
    asked: int = 0

    def service_account(self, **more: str) -> str:
        """Credentials as a service account's file holds them."""
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "home-project",
                "private_key_id": "1",
                "private_key": PRIVATE_KEY,
                "client_email": "draw@home-project.iam.gserviceaccount.com",
                "client_id": "1",
                "token_uri": self.url,
                **more,
            }
        )

    def authorized_user(self) -> str:
        """Credentials as a person's login leaves them."""
        return json.dumps(
            {
                "type": "authorized_user",
                "client_id": "c",
                "client_secret": "SECRET-client",
                "refresh_token": "SECRET-refresh",
            }
        )

    def workload_identity(self, subject_token: Path) -> str:
        """Credentials of workload identity federation, which impersonate a service account."""
        return json.dumps(
            {
                "type": "external_account",
                "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": self.url,
                "credential_source": {"file": str(subject_token)},
                "service_account_impersonation_url": self.url.replace(
                    "/token", "/v1/projects/-/serviceAccounts/draw@p.iam.gserviceaccount.com:generateAccessToken"
                ),
            }
        )

    async def impersonate(self, request: web.Request) -> web.Response:
        assert request.headers["authorization"] == "Bearer federated"
        self.asked += 1
        return web.json_response({"accessToken": "emulator-token", "expireTime": "2099-01-01T00:00:00Z"})

    async def project(self, request: web.Request) -> web.Response:
        return web.json_response({"projectId": "federated-project"})

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.sleep(self.delay)
        token = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        if not token:
            return web.json_response(
                {"error": "invalid_grant", "error_description": "SECRET-refresh is gone"}, status=400
            )
        if "subject_token" in await request.post():
            token = "federated"
        return web.json_response(
            {
                "access_token": token,
                "expires_in": self.lifetime,
                "token_type": "Bearer",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            }
        )


@asynccontextmanager
async def token_server() -> AsyncIterator[TokenServer]:
    """A running token server."""
    made = TokenServer()
    app = web.Application()
    app.router.add_post("/token", made.answer)
    app.router.add_post("/v1/{principal:.*}", made.impersonate)
    app.router.add_get("/projects/{number}", made.project)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
        yield made
    finally:
        await runner.cleanup()
