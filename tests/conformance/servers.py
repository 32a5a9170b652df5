"""The kinds of servers that cases ask for, each with an emulator of its own, and the environment of their runners."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagewire_emulator.ledger import Entry
from tests.authority import Authority
from tests.conftest import Stack, running_stack
from tests.integration.caller_keys import policy
from tests.sdk.cutting import cutting

KEY = "sk-conformance"
# Of the callers that may not do everything.
_CALLER = "conformance"
# Less than a picture, more than the messages of all calls before one.
_CUT_EVERY = 700_000


@dataclass(frozen=True)
class Server:
    """environ: CONFORMANCE_… of a runner."""

    stack: Stack
    environ: dict[str, str]

    def entries(self) -> list[Entry]:
        """What the emulator was asked, oldest first."""
        return self.stack.emulator.ledger.entries


def _environ(target: str, **further: str) -> dict[str, str]:
    return {f"CONFORMANCE_{name.upper()}": value for name, value in {"target": target, **further}.items()}


@contextmanager
def _certificates(folder: Path, *, clients: bool) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The server's settings and the runner's files. clients: whether clients must show a certificate."""
    authority = Authority("conformance")
    cert, key = authority.issue("localhost", "127.0.0.1").write(folder, "server")
    ca = folder / "ca.pem"
    ca.write_bytes(authority.pem)
    settings = {"tls_cert": str(cert), "tls_key": str(key)}
    files = {"ca": str(ca)}
    if clients:
        settings["tls_client_ca"] = str(ca)
        own = authority.issue(name="client").write(folder, "client")
        files |= {"cert": str(own[0]), "key": str(own[1])}
    yield settings, files


@asynccontextmanager
async def serving(kind: str, folder: Path) -> AsyncIterator[Server]:
    """A server of this kind. folder: for its files."""
    keep = {"keep": "local", "keep_dir": str(folder / "kept")}
    settings: dict[str, dict[str, Any]] = {
        "plain": keep,
        "cut": keep,
        "nokeep": {},
        "key": {**keep, "master_key": KEY},
        "limited": {"callers": (policy(_CALLER, models=("gemini/gemini-2.5-flash-image",), pictures_per_minute=2),)},
        "poor": {"callers": (policy(_CALLER, usd_per_day=0.06, usd_per_call=0.04),)},
        "tls": {},
        "mtls": {},
    }
    with ExitStack() as stack:
        given, files = settings[kind], {}
        if kind in {"tls", "mtls"}:
            given, files = stack.enter_context(_certificates(folder, clients=kind == "mtls"))
        if kind == "key":
            files = {"api_key": KEY}
        if kind in {"limited", "poor"}:
            files = {"api_key": f"key-{_CALLER}"}
        async with running_stack(**given) as made:
            target = made.target
            if kind == "cut":
                target = stack.enter_context(cutting(target, every=_CUT_EVERY)).address
            yield Server(made, _environ(target, **files))
