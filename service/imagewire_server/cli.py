"""The command imagewire-server: arguments to the composition root, errors to one line that says what to do."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imagewire_server import __version__

if TYPE_CHECKING:
    from imagewire_server.config.load import Config

_T = TypeVar("_T")
_FILE: Any = {"type": click.Path(path_type=Path), "multiple": True}
_DEMO_NOTICE = "demo: pictures come from the built-in emulator, not from Google; no key is used and nothing is charged"


def main() -> None:
    """The entry point."""
    # gRPC's core writes to stderr itself, in any thread, and would wait there for a reader; what matters of it reaches
    # our own lines. And it would write one whenever a process is started beside it.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    _open_standard_files()
    app(prog_name="imagewire-server")


def _open_standard_files() -> None:
    """Where one is closed, a connection would get its number, and a caller what is meant for the log."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != fd:
                os.dup2(null, fd)
                os.close(null)


def _one(configs: tuple[Path, ...]) -> Path | None:
    """Of two files one would count, and what the other asks for, such as a key, would be off in silence."""
    if len(configs) > 1:
        raise click.BadParameter("name one file, which has all of it", param_hint="--config")
    return configs[0] if configs else None


@click.group(context_settings={"max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s", help="Print the version.")
def app() -> None:
    """Chat that draws, over gRPC: Gemini's pictures, streamed as bytes."""


@app.command()
@click.option("--config", "configs", **_FILE, help="A YAML file: LiteLLM's, or with settings under imagewire:.")
@click.option("--grpc", help="Where to serve: HOST:PORT or unix:PATH.")
@click.option("--rest", help="Where to serve OpenAI's REST: HOST:PORT.")
@click.option("--no-rest", is_flag=True, help="Serve gRPC alone.")
@click.option("--workers", type=int, help="How many processes serve; 0 for one for each usable core.")
@click.option("--worker", type=int, hidden=True)
@click.option("--counts", hidden=True)
@click.option("--demo", is_flag=True, help="Draw with the built-in emulator, without a key.")
def serve(
    *,
    configs: tuple[Path, ...],
    grpc: str | None,
    rest: str | None,
    no_rest: bool,
    workers: int | None,
    worker: int | None,
    counts: str | None,
    demo: bool,
) -> None:
    """Serve gRPC and REST until SIGTERM or Ctrl-C. Settings: flags, then IMAGEWIRE_* variables, then the file."""
    config = _one(configs)
    # By default it would end the process, until there is a server that it can reload.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    gc.disable()  # until it serves: what is loaded now stays, and each look at it would hold up the start
    # Imported late, so that --help and a wrong flag need no gRPC.
    import structlog  # noqa: PLC0415

    from imagewire_server import logs  # noqa: PLC0415
    from imagewire_server.config.keys import exposed  # noqa: PLC0415
    from imagewire_server.config.load import ConfigError, load  # noqa: PLC0415
    from imagewire_server.config.source import content  # noqa: PLC0415
    from imagewire_server.process.cpu_count import usable  # noqa: PLC0415
    from imagewire_server.process.worker_protocol import beat_until_parent_gone, received, say_ready, share_counts  # noqa: PLC0415

    def read(text: bytes | None = None) -> "Config":
        return load(config, os.environ, text=text, grpc=grpc, rest="off" if no_rest else rest, workers=workers)

    async def run(given: "Config") -> None:
        from imagewire_server import bootstrap  # noqa: PLC0415  # the process that watches workers needs none of it

        if worker is not None:
            structlog.contextvars.bind_contextvars(worker=worker)
            await bootstrap.serve(given, read, shared=True, ready=say_ready, until=beat_until_parent_gone)
        elif not demo:
            await bootstrap.serve(given, read)
        else:
            click.echo(_DEMO_NOTICE, err=True)
            async with bootstrap.emulated(given) as (demonstrating, _):
                await bootstrap.serve(demonstrating, lambda: demonstrating)

    try:
        text = received() if worker is not None else b"" if config is None else content(config, pipe=True)
        given = read(text)
        if counts is not None:
            share_counts(counts)
        logs.configure(given.settings.log_level)
        logs.redirect_libraries()
        if worker is None:
            for words in exposed(given.settings, given.master_key):
                structlog.get_logger("imagewire").warning(words)
        number = given.settings.workers or usable()
        if worker is None and not demo and number > 1 and not given.settings.grpc.startswith("unix:"):
            raise click.exceptions.Exit(_run(_watch(given, number, config, text, read)))
        _run(run(given))
    except (ConfigError, OSError) as error:
        click.echo(f"imagewire-server: {error}", err=True)
        raise click.exceptions.Exit(2) from None


@app.command()
@click.option("--config", "configs", **_FILE, required=True, help="The file to check.")
def check(configs: tuple[Path, ...]) -> None:
    """Check a configuration without serving. Prints its routing table, or its first error and exits with 2."""
    from imagewire_server.config.load import ConfigError, load  # noqa: PLC0415
    from imagewire_server.config.show import table  # noqa: PLC0415

    config = _one(configs)
    try:
        for line in table(load(config, os.environ)):
            click.echo(line)
    except ConfigError as error:
        click.echo(f"imagewire-server: {error}", err=True)
        raise click.exceptions.Exit(2) from None


@app.command()
@click.option("--config", "configs", **_FILE, help="The file that the server was started with.")
@click.option("--target", help="Another server: HOST:PORT or unix:PATH. Default: where `serve` would serve.")
def health(configs: tuple[Path, ...], target: str | None) -> None:
    """Ask a running server for its health. Exits with 0 when it is SERVING, 1 when not, 2 for a wrong setting.

    It asks where the same file and the same IMAGEWIRE_GRPC would have it serve.
    """
    from imagewire_server.api.grpc.health_probe import probe, reachable  # noqa: PLC0415
    from imagewire_server.config.keys import exposed  # noqa: PLC0415
    from imagewire_server.config.load import ConfigError, load  # noqa: PLC0415

    config = _one(configs)
    try:
        given = load(config, os.environ)
    except ConfigError as error:
        click.echo(f"imagewire-server: {error}", err=True)
        raise click.exceptions.Exit(2) from None
    said = probe(target or reachable(given.settings.grpc))
    if target is None:
        for words in exposed(given.settings, given.master_key):
            click.echo(f"warning: {words}", err=True)
    click.echo(said)
    raise click.exceptions.Exit(0 if said == "SERVING" else 1)


@app.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8787, show_default=True, help="The port; 0 picks a free one.")
def emulate(host: str, port: int) -> None:
    """Run the emulator of Google's API alone: no gRPC, no key."""
    from imagewire_emulator import run  # noqa: PLC0415

    run(host, port)


@app.command()
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("banana.png"),
    show_default=True,
    help="The file to draw into.",
)
def demo(output: Path) -> None:
    """Draw one picture with the emulator. Starts a server and an emulator of its own, and stops both."""
    from imagewire_server.demo import draw  # noqa: PLC0415

    sys.exit(_run(draw(output)))


async def _watch(
    given: "Config", number: int, path: Path | None, text: bytes, read: Callable[[bytes], "Config"]
) -> int:
    """Run workers on the addresses of a configuration, the text of a file; return the exit code."""
    from imagewire_server.config.keys import check_kept  # noqa: PLC0415
    from imagewire_server.config.load import NO_KEY, ConfigError  # noqa: PLC0415
    from imagewire_server.config.source import content  # noqa: PLC0415
    from imagewire_server.process.supervisor import Workers, reserve  # noqa: PLC0415

    if not given.deployments:
        raise ConfigError(NO_KEY)
    gc.enable()
    grpc = reserve(given.settings.grpc)
    rest = None if given.settings.rest == "off" else reserve(given.settings.rest)
    served = ["--grpc", grpc.address, *(["--rest", rest.address] if rest else ["--no-rest"]), "--workers", "1"]
    arguments = [] if path is None else ["--config", str(path)]
    command = [sys.executable, "-m", "imagewire_server", "serve", *arguments, *served]
    latest = given

    def reread() -> bytes:
        nonlocal latest
        new = b"" if path is None else content(path)
        made = read(new)
        if not made.deployments:
            raise ConfigError(NO_KEY)
        check_kept(latest, made)
        latest = made
        return new

    try:
        told = {"rest": rest.address} if rest else {}
        names = list(dict.fromkeys(deployment.name for deployment in given.deployments))
        settings = given.settings
        workers = Workers(
            command,
            number,
            len(given.deployments),
            text=text,
            reread=reread,
            drain_delay=settings.drain_delay,
            drain_grace=settings.drain_grace,
        )
        return await workers.run(grpc=grpc.address, **told, models=names)
    finally:
        for reserved in (grpc, rest):
            if reserved is not None:
                reserved.held.close()


def _run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run on uvloop where there is one."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
