"""The checks of `imagewire doctor`."""

import importlib.metadata
import os
import platform
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import imagewire
from imagewire._grpc import proxies

_OLDEST = (3, 11)
# Google refuses signed tokens of clocks that differ more; so do many others.
_MOST_SKEW = 60.0
_DRAW_SECONDS = 120
_EXPIRED = 10  # OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED


@dataclass(frozen=True, slots=True)
class Check:
    """What was found. state: "ok", "warning", "failed" or "skipped". remedy: what to do, "" for nothing."""

    name: str
    state: str
    found: str
    remedy: str = ""


def run(client: imagewire.Client, timeout: float, tls: imagewire.Tls | None) -> list[Check]:
    """Run all checks. tls: the client's files for TLS, None for no TLS."""
    pong, error = None, None
    try:
        pong = client.ping(timeout=timeout)
    except imagewire.ImagewireError as failure:
        error = failure
    return [
        _python(),
        *_packages(),
        _server(pong),
        _target(client.target, pong, error),
        _proxy(client.target),
        _tls(client.target, tls, timeout),
        _key(pong, error),
        _clock(pong),
        _draw(),
    ]


def _python() -> Check:
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < _OLDEST:
        return Check("python", "failed", found, "install Python 3.11 or newer")
    return Check("python", "ok", found)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _packages() -> Iterator[Check]:
    yield Check("client", "ok", f"imagewire {imagewire.__version__}")
    for name, package in ("grpc", "grpcio"), ("protobuf", "protobuf"):
        found = _version(package)
        yield (
            Check(name, "ok", f"{package} {found}")
            if found
            else Check(name, "failed", f"{package} is not installed", "pip install --force-reinstall imagewire")
        )


def _server(pong: imagewire.Pong | None) -> Check:
    if pong is None:
        return Check("server", "skipped", "its version is not known: it did not answer")
    found = f"imagewire-server {pong.version or 'of an unknown version'}"
    if pong.version and _release(pong.version) != _release(imagewire.__version__):
        remedy = "use the same version on both sides; before 1.0 a minor version may break the contract"
        return Check("server", "warning", f"{found}, and the client is {imagewire.__version__}", remedy)
    return Check("server", "ok", found)


def _release(version: str) -> list[str]:
    return version.split(".")[:2]


def _refused(error: imagewire.ImagewireError | None) -> bool:
    return isinstance(error, imagewire.Unauthenticated | imagewire.PermissionDenied)


def _target(target: str, pong: imagewire.Pong | None, error: imagewire.ImagewireError | None) -> Check:
    if pong is not None:
        found = f"{target} answers in {pong.seconds * 1000:.1f} ms: {pong.status}"
        if pong.status != "SERVING":
            return Check("target", "failed", found, "the server is starting or ending: try again, or name another")
        return Check("target", "ok", found)
    if _refused(error):
        return Check("target", "ok", f"{target} answers, and refuses the key")
    message = error.message if error is not None else ""
    return Check(
        "target", "failed", message, "check --target or IMAGEWIRE_TARGET: it names the port of gRPC, by default 50051"
    )


def _proxy(target: str) -> Check:
    name = proxies.in_use(target)
    if name is None:
        return Check("proxy", "ok", "gRPC uses no proxy for this target")
    remedy = f"if calls fail, add the host to no_proxy, or unset {name}; the proxy must allow CONNECT to the port"
    return Check("proxy", "warning", f"the connection goes through the proxy of the variable {name}", remedy)


def _tls(target: str, tls: imagewire.Tls | None, timeout: float) -> Check:
    if tls is None:
        if proxies.is_local(target):
            return Check("tls", "ok", "no TLS, which the target on this machine does not need")
        remedy = "write https://host:port for a server with TLS; without it, others can read keys and pictures"
        return Check("tls", "warning", "no TLS: the connection is not encrypted", remedy)
    if proxies.in_use(target) is not None or target.startswith("unix"):
        return Check("tls", "skipped", "the certificate is not looked at through a proxy or a unix socket")
    try:
        return _handshake(target, tls, timeout)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _EXPIRED:
            remedy = "have the server's operator renew it; this machine's clock may be wrong, too"
            return Check("tls", "failed", "the server's certificate has expired", remedy)
        remedy = "name its authority with --tls-ca, and the host as the certificate has it"
        return Check("tls", "failed", f"the certificate is not trusted: {error.verify_message}", remedy)
    except (OSError, ValueError) as error:
        return Check("tls", "failed", f"no TLS with {target}: {error}", "leave out https:// if the server has no TLS")


def _handshake(target: str, tls: imagewire.Tls, timeout: float) -> Check:
    host, port = proxies.host_of(target), target.rpartition(":")[2]
    context = ssl.create_default_context(cafile=tls.ca)
    if tls.cert is not None and tls.key is not None:
        context.load_cert_chain(tls.cert, tls.key)
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((host, int(port)), min(timeout, 10)) as plain,
        context.wrap_socket(plain, server_hostname=host) as encrypted,
    ):
        certificate, protocol = encrypted.getpeercert() or {}, encrypted.selected_alpn_protocol()
        version = encrypted.version() or "TLS"
        hangs_up = protocol == "h2" and _hangs_up(encrypted)
    days = int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) // 86_400)
    found = f"{version}, the certificate is valid for {days} more day(s)"
    if protocol != "h2":
        remedy = "gRPC needs HTTP/2: have the proxy in front of the server offer h2 by ALPN"
        return Check("tls", "failed", f"{found}, but the server does not offer HTTP/2", remedy)
    if hangs_up and tls.cert is None:
        remedy = "it may want a certificate of yours: name it with --tls-cert and --tls-key"
        return Check("tls", "failed", f"{found}, but the server hangs up", remedy)
    if hangs_up:
        remedy = "your certificate may have expired, or be by an authority that the server does not know"
        return Check("tls", "failed", f"{found}, but the server hangs up on {tls.cert}", remedy)
    if days < 14:
        return Check("tls", "warning", found, "renew the certificate")
    return Check("tls", "ok", found)


def _hangs_up(encrypted: ssl.SSLSocket) -> bool:
    """Whether the server ends the connection. In TLS 1.3 it sees the client's certificate last."""
    try:
        return not encrypted.recv(1)  # in HTTP/2 the server speaks at once
    except TimeoutError:
        return False
    except OSError:
        return True


def _key(pong: imagewire.Pong | None, error: imagewire.ImagewireError | None) -> Check:
    given = bool(os.environ.get("IMAGEWIRE_API_KEY"))
    if _refused(error):
        found = "the server refuses the key" if given else "the server asks for a key, and none is set"
        return Check("key", "failed", found, "set IMAGEWIRE_API_KEY to the server's master key")
    if pong is None:
        return Check("key", "skipped", "the server did not answer")
    if len(os.environ.get("IMAGEWIRE_API_KEY", "").split()) > 1:
        found = "IMAGEWIRE_API_KEY has a blank inside, which few keys have; this server takes it, or asks for none"
        return Check("key", "warning", found, "set IMAGEWIRE_API_KEY to the key alone")
    return Check("key", "ok", "the key is accepted" if given else "the server asks for none")


def _clock(pong: imagewire.Pong | None) -> Check:
    if pong is None or pong.clock_offset is None:
        return Check("clock", "skipped", "the server's clock is not known")
    side = "ahead of" if pong.clock_offset > 0 else "behind"
    found = f"the server's clock is {abs(pong.clock_offset):.1f} s {side} this one"
    if abs(pong.clock_offset) > _MOST_SKEW:
        remedy = "set both clocks by NTP: certificates and tokens for Vertex AI depend on them"
        return Check("clock", "failed", found, remedy)
    return Check("clock", "ok", found)


def _draw() -> Check:
    """Draw one picture with a server and the emulator, in a process of its own."""
    if find_spec("imagewire_server") is None:
        remedy = 'to try without a key: pip install "imagewire[embedded]"'
        return Check("emulator", "skipped", "imagewire-server is not installed here", remedy)
    with tempfile.TemporaryDirectory(prefix="imagewire-") as folder:
        command = [sys.executable, "-m", "imagewire_server", "demo", "-o", str(Path(folder) / "picture.png")]
        try:
            ended = subprocess.run(  # noqa: S603  # our own program
                command, capture_output=True, text=True, timeout=_DRAW_SECONDS, stdin=subprocess.DEVNULL, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Check(
                "emulator", "failed", f"imagewire-server demo: {error}", "pip install --force-reinstall imagewire"
            )
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no words"])[-1]
        return Check("emulator", "failed", f"imagewire-server demo failed: {last}", "run it by hand to see all of it")
    return Check("emulator", "ok", "imagewire-server drew one picture with its emulator; nothing was charged")
