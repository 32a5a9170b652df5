"""imagewire ping: check whether a server takes calls."""

import json
from typing import Annotated

import typer

import imagewire
from imagewire.cli import shared_options
from imagewire.cli.exits import failures_reported
from imagewire.cli.output import put


def ping(
    target: shared_options.Target = None,
    tls_ca: shared_options.TlsCa = None,
    tls_cert: shared_options.TlsCert = None,
    tls_key: shared_options.TlsKey = None,
    timeout: Annotated[float, typer.Option(min=0.001, max=86_400, help="Seconds to wait.")] = 10.0,
    as_json: shared_options.AsJson = False,
) -> None:
    """Ask the server whether it takes calls.

    Tells its address, its health, its version and how long a round trip takes. A wrong key is a failure.
    """
    with failures_reported(as_json=as_json):
        with shared_options.client(target, tls_ca, tls_cert, tls_key) as client:
            pong = client.ping(timeout=timeout)
            where = client.target
        if as_json:
            facts = {"target": where, "status": pong.status, "version": pong.version, "seconds": round(pong.seconds, 6)}
            put(json.dumps(facts))
        else:
            put(f"{where}  {pong.status}  imagewire {pong.version or '?'}  {pong.seconds * 1000:.1f} ms")
        if pong.status != "SERVING":
            raise imagewire.Unavailable(
                f"the server at {where} takes no calls now: it is starting or ending; try again, or name another",
                code=pong.status,
            )
