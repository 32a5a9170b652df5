"""imagewire doctor: find out why calls fail."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from imagewire.cli import shared_options
from imagewire.cli.exits import Exit, failures_reported
from imagewire.cli.output import printable, put

if TYPE_CHECKING:
    from imagewire.cli.checks import Check

_MARKS = {"ok": "ok  ", "warning": "note", "failed": "FAIL", "skipped": "-   "}


def doctor(
    target: shared_options.Target = None,
    tls_ca: shared_options.TlsCa = None,
    tls_cert: shared_options.TlsCert = None,
    tls_key: shared_options.TlsKey = None,
    timeout: Annotated[float, typer.Option(min=0.001, max=86_400, help="Seconds to wait for the server.")] = 10.0,
    as_json: shared_options.AsJson = False,
) -> None:
    """Check this installation and the way to the server; say what is wrong and what to do. Nothing is charged.

    Versions, the target, proxies, TLS, the key, the clocks, and one picture of the built-in emulator.
    """
    with failures_reported(as_json=as_json):
        from imagewire.cli.checks import run

        client = shared_options.client(target, tls_ca, tls_cert, tls_key)
        with client:
            checks = run(client, timeout, shared_options.tls_of(target, tls_ca, tls_cert, tls_key))
            where = client.target
    failed = [check for check in checks if check.state == "failed"]
    if as_json:
        put(json.dumps({"target": where, "ok": not failed, "checks": [asdict(check) for check in checks]}))
    else:
        for check in checks:
            _print(check)
        put("all is well" if not failed else f"{len(failed)} check(s) failed")
    if failed:
        raise typer.Exit({"key": Exit.UNAUTHORIZED, "target": Exit.UNAVAILABLE}.get(failed[0].name, Exit.FAILED))


def _print(check: "Check") -> None:
    put(f"{_MARKS[check.state]}  {check.name:<9} {printable(check.found)}")
    if check.remedy:
        put(f"      {'':<9} {printable(check.remedy)}")
