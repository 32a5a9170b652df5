"""The command imagewire-server. It passes its options to bootstrap, and prints an error as one line with a remedy."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imagewire_emulator.command import run as run_command
from imagewire_server import __version__
from imagewire_server.cli_certificates import cert
from imagewire_server.cli_keys import key
from imagewire_server.cli_options import ServeByDefault, rest_address, tls_options

if TYPE_CHECKING:
    from imagewire_server.config.load import Config

_T = TypeVar("_T")
_FILE: Any = {"type": click.Path(path_type=Path), "multiple": True}
_DEMO_NOTICE = "demo: pictures come from the built-in emulator, not from Google; no key is used and nothing is charged"


def main() -> None:
    """The entry point."""
    # gRPC's core writes to stderr itself, from any thread, and blocks there if nobody reads. What matters reaches our
    # own log. With fork support, it would also write a line whenever a child process is started.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    _open_standard_files()
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # `__main__` has suspended it
    run_command(app, "imagewire-server")


def _open_standard_files() -> None:
    """Open stdin, stdout and stderr if they are closed.

    Otherwise a connection would get the number of stderr, and its client would receive log lines.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != fd:
                os.dup2(null, fd)
                os.close(null)


def _one(configs: tuple[Path, ...]) -> Path | None:
    """Return the only file; refuse several, because the keys and settings of one would be ignored silently."""
    if len(configs) > 1:
        raise click.BadParameter("may be given only once; put everything into one file", param_hint="--config")
    return configs[0] if configs else None


@click.group(cls=ServeByDefault, context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s", help="Print the version.")
def app() -> None:
    """Chat that draws, over gRPC: pictures of Google's models, streamed as bytes.

    Options without a command are those of `serve`, as in LiteLLM.
    """


@app.command()
@click.option(
    "--config", "-c", "configs", **_FILE, help="A YAML file: LiteLLM's config.yaml, or settings under imagewire:."
)
@click.option("--grpc", help="The address of gRPC: HOST:PORT or unix:PATH.")
@click.option("--rest", help="The address of OpenAI's REST API: HOST:PORT.")
@click.option("--host", help="The host of --rest alone, as LiteLLM's.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port of --rest alone, as LiteLLM's.")
@click.option("--no-rest", is_flag=True, help="Serve gRPC only.")
@click.option("--no-ui", is_flag=True, help="Serve no page for people at / of REST and of --admin.")
@click.option("--admin", help="The address of status, metrics and health without a key: HOST:PORT. Default: off.")
@click.option(
    "--workers",
    "--num_workers",
    "workers",
    type=click.IntRange(0, 1024),
    help="The number of processes; 0 for one per usable core.",
)
@tls_options
@click.option("--strict", is_flag=True, default=None, help="Take each warning about the configuration as an error.")
@click.option("--debug", "--detailed_debug", "debug", is_flag=True, help="Log in detail: the log level debug.")
@click.option("--worker", type=int, hidden=True)
@click.option("--counts", hidden=True)
@click.option("--demo", is_flag=True, help="Draw with the built-in emulator, without a key.")
def serve(  # noqa: PLR0913  # one for each option
    *,
    configs: tuple[Path, ...],
    grpc: str | None,
    rest: str | None,
    host: str | None,
    port: int | None,
    no_rest: bool,
    no_ui: bool,
    admin: str | None,
    workers: int | None,
    tls: dict[str, str | None],
    strict: bool | None,
    debug: bool,
    worker: int | None,
    counts: str | None,
    demo: bool,
) -> None:
    """Serve gRPC and REST until SIGTERM or Ctrl-C.

    Flags override IMAGEWIRE_* variables, which override the file.
    """
    config = _one(configs)
    # SIGHUP would end the process. Ignore it until there is a server that it can reload.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    gc.disable()  # until it serves: what is loaded now stays loaded, and collecting would slow the start down
    # Imported here, so that --help and a wrong flag do not load gRPC.
    import structlog  # noqa: PLC0415

    from imagewire_server import logs  # noqa: PLC0415
    from imagewire_server.config.file_content import content  # noqa: PLC0415
    from imagewire_server.config.keys import exposed  # noqa: PLC0415
    from imagewire_server.config.litellm_variables import unused  # noqa: PLC0415
    from imagewire_server.config.load import ConfigError  # noqa: PLC0415
    from imagewire_server.process.cpu_count import usable  # noqa: PLC0415
    from imagewire_server.process.worker_protocol import beat_until_parent_gone, received, say_ready, share_counts  # noqa: PLC0415
    from imagewire_server.providers.registry import load  # noqa: PLC0415

    if debug:
        os.environ["IMAGEWIRE_LOG_LEVEL"] = "debug"  # also of the workers

    def read(text: bytes | None = None) -> "Config":
        address = rest_address(
            rest,
            host,
            port,
            no_rest=no_rest,
            given=lambda: load(config, os.environ, text=text, demo=demo).settings.rest,
        )
        flags: dict[str, Any] = {
            "grpc": grpc,
            "rest": address,
            "admin": admin,
            "workers": workers,
            "ui": False if no_ui else None,
            **tls,
        }
        return load(config, os.environ, text=text, demo=demo, strict=strict, **flags)

    async def run(given: "Config") -> None:
        from imagewire_server import bootstrap, serving  # noqa: PLC0415  # not needed by the process that watches workers

        if worker is not None:
            structlog.contextvars.bind_contextvars(worker=worker)
            await serving.serve(given, read, shared=True, ready=say_ready, until=beat_until_parent_gone)
        elif not demo:
            await serving.serve(given, read)
        else:
            click.echo(_DEMO_NOTICE, err=True)
            async with bootstrap.emulated(given) as (demonstrating, _):
                await serving.serve(demonstrating, lambda: demonstrating)

    try:
        text = received() if worker is not None else b"" if config is None else content(config, pipe=True)
        given = read(text)
        if counts is not None:
            try:
                share_counts(counts)
            except ValueError:
                raise click.BadParameter("is for the server's own workers", param_hint="--counts") from None
        logs.configure(given.settings.log_level)
        logs.redirect_libraries()
        if worker is None:
            for words in (
                *exposed(given.settings, asks_for_key=given.asks_for_key),
                *unused(os.environ, given.settings.rest),
            ):
                structlog.get_logger("imagewire").warning(words)
        number = given.settings.workers or usable()
        if worker is None and not demo and number > 1 and not given.settings.grpc.startswith("unix:"):
            from imagewire_server.watch import watch  # noqa: PLC0415

            raise click.exceptions.Exit(_run(watch(given, number, config, text, read)))
        _run(run(given))
    except (ConfigError, OSError) as error:
        click.echo(f"imagewire-server: {error}", err=True)
        raise click.exceptions.Exit(2) from None


@app.command()
@click.option(
    "--config", "-c", "configs", **_FILE, help="The file to check. Without one, the environment alone is checked."
)
@click.option("--strict", is_flag=True, default=None, help="Take each warning as an error.")
@click.option("--no-env", is_flag=True, help="Do not look up environment variables, which are then not needed.")
def check(configs: tuple[Path, ...], *, strict: bool | None, no_env: bool) -> None:
    """Check a configuration, as `serve` would use it, without serving.

    Prints the routing table with what each deployment asks of its provider, or the first error with exit code 2.
    """
    from imagewire_server.config.load import ConfigError  # noqa: PLC0415
    from imagewire_server.config.show import check_serves  # noqa: PLC0415
    from imagewire_server.config.transport_security import files  # noqa: PLC0415
    from imagewire_server.core.tls import Certificate  # noqa: PLC0415
    from imagewire_server.providers.registry import load, provider_configs, table  # noqa: PLC0415

    config = _one(configs)
    if no_env and config is None:
        raise click.UsageError("--no-env needs --config: there is nothing else to check")
    environ = {} if no_env else os.environ
    try:
        made = load(config, environ, resolve=not no_env, strict=strict)
        if not no_env and (tls := files(made.settings)) is not None:
            Certificate(tls)
        if not no_env and made.issuers:
            from imagewire_server.core.access.key_source import check as check_keys  # noqa: PLC0415

            check_keys(made.issuers)
        if not no_env:
            check_serves(made, provider_configs())
        for line in table(made, environ):
            click.echo(line)
    except ConfigError as error:
        click.echo(f"imagewire-server: {error}", err=True)
        raise click.exceptions.Exit(2) from None


@app.command()
@click.option("--config", "configs", **_FILE, help="The file with which the server was started.")
@click.option("--target", help="Another server: HOST:PORT or unix:PATH. Default: the address that `serve` would use.")
def health(configs: tuple[Path, ...], target: str | None) -> None:
    """Check the health of a running server. Exit code: 0 if it is SERVING, 1 if not, 2 for a wrong setting.

    The address is the one that `serve` would use with the same file and the same IMAGEWIRE_GRPC.
    """
    from imagewire_server.api.grpc.health_probe import probe, reachable  # noqa: PLC0415
    from imagewire_server.config.keys import exposed  # noqa: PLC0415
    from imagewire_server.config.load import ConfigError  # noqa: PLC0415
    from imagewire_server.config.transport_security import files  # noqa: PLC0415
    from imagewire_server.providers.registry import load  # noqa: PLC0415

    config = _one(configs)
    try:
        given = load(config, os.environ)
        said = probe(target or reachable(given.settings.grpc), files(given.settings))
    except ConfigError as error:
        click.echo(f"imagewire-server: {error}", err=True)
        raise click.exceptions.Exit(2) from None
    if target is None:
        for words in exposed(given.settings, asks_for_key=given.asks_for_key):
            click.echo(f"warning: {words}", err=True)
    click.echo(said)
    raise click.exceptions.Exit(0 if said == "SERVING" else 1)


@app.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def emulate(arguments: tuple[str, ...]) -> None:
    """Run only the emulator of Google's API, without gRPC. The same as `imagewire-emulator`."""
    from imagewire_emulator.cli import emulate as emulator  # noqa: PLC0415

    code = emulator.main(arguments, prog_name="imagewire-server emulate", standalone_mode=False)
    raise click.exceptions.Exit(code or 0)


@app.command()
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The picture's file. Default: an unused name.")
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser instead, and serve it until Ctrl-C.")
def demo(output: Path | None, *, opens: bool) -> None:
    """Draw one picture with the emulator. Starts a server and an emulator for it, and stops both."""
    if opens and output is not None:
        raise click.UsageError("--open draws nothing by itself: leave out --output")
    if output is not None and output.exists():
        raise click.BadParameter(f"{output} exists already: choose another file", param_hint="--output")
    if output is not None and not output.parent.is_dir():
        raise click.BadParameter(
            f"there is no folder {output.parent}: make it, or choose another", param_hint="--output"
        )
    from imagewire_server.demo import draw, show  # noqa: PLC0415

    sys.exit(_run(show() if opens else draw(output)))


app.add_command(cert)
app.add_command(key)


def _run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run on uvloop if it is installed."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
