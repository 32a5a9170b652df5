"""An issuer of JSON Web Tokens, with real keys, and its key set on loopback."""

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

ISSUER, AUDIENCE = "https://issuer.example.org", "imagewire"


def private_key(algorithm: str, number: int = 0) -> Any:
    """A key for this algorithm; each number has its own. A negative one is weak."""
    return _key("RSA" if algorithm.startswith(("RS", "PS")) else algorithm, number)


@cache
def _key(kind: str, number: int) -> Any:
    if kind == "RSA":
        return rsa.generate_private_key(65537, 2048 if number >= 0 else 1024)
    curve = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}.get(kind)
    return ec.generate_private_key(curve()) if curve else ed25519.Ed25519PrivateKey.generate()


def public_jwk(algorithm: str, number: int = 0, **fields: Any) -> dict[str, Any]:
    """The public key as a JWK, with its number as kid. A field of None is left out."""
    key = private_key(algorithm, number).public_key()
    made = get_default_algorithms()[algorithm].to_jwk(key, as_dict=True)  # type: ignore[call-overload]
    # Whatever the library adds of its own is left out.
    kept = {name: made[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in made}
    given = {**kept, "kid": str(number), "alg": algorithm, "use": "sig", **fields}
    return {name: value for name, value in given.items() if value is not None}


def key_set(*keys: Mapping[str, Any]) -> bytes:
    """A JWKS of these keys; by default of one of RS256."""
    return json.dumps({"keys": keys or [public_jwk("RS256")]}).encode()


def token(subject: str = "ann", algorithm: str = "RS256", number: int = 0, **claims: Any) -> str:
    """A signed token that holds for an hour. A claim of None is left out."""
    given = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "exp": int(time.time()) + 3600, **claims}
    given = {name: value for name, value in given.items() if value is not None}
    return jwt.encode(given, private_key(algorithm, number), algorithm, headers={"kid": str(number)})


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any] | bytes, signature: bytes = b"x") -> str:
    """A token as anybody can write one."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    parts = (json.dumps(header).encode(), payload, signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def shown(given: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a caller with a token."""
    return (("authorization", f"Bearer {given}"),)


class KeyServer:
    """Answers each GET with `status`, `headers` and `body`, and counts them."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked = 0
        self.url = ""


@contextmanager
def key_server(body: bytes) -> Iterator[KeyServer]:
    """Serves a key set on loopback."""
    served = KeyServer(body)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked += 1
            self.send_response(served.status)
            for name, value in {"content-length": str(len(served.body)), **served.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        served.url = f"http://127.0.0.1:{server.server_port}/keys"
        try:
            yield served
        finally:
            server.shutdown()
