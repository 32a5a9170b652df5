"""Options of the command line: those of `serve` that stand without a command too, as in LiteLLM, and those of TLS."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click


class ServeByDefault(click.Group):
    """A group in which options without a command are those of `serve`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `serve` before an option that the group itself does not have."""
        own = {name for param in self.get_params(ctx) for name in param.opts}
        if args and args[0].startswith("-") and args[0].partition("=")[0] not in own:
            args = ["serve", *args]
        return super().parse_args(ctx, args)


def rest_address(
    rest: str | None, host: str | None, port: int | None, *, no_rest: bool, given: Callable[[], str]
) -> str | None:
    """The address of REST by the flags, None for that of the settings. Raises click.UsageError.

    given: looks up the address of the settings, of which the host or the port may stay.
    """
    if host is None and port is None:
        return "off" if no_rest else rest
    if rest is not None or no_rest:
        raise click.UsageError(f"--host and --port are REST's address: leave out {'--rest' if rest else '--no-rest'}")
    known_host, _, known_port = given().rpartition(":")
    if host is None and not known_host:
        host = "127.0.0.1"  # REST is off in the settings
    if host is not None and ":" in host and not host.startswith("["):
        host = f"[{host}]"
    number = known_port if port is None else str(port)
    return f"{known_host if host is None else host}:{number if number.isdigit() else 4000}"


def tls_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of TLS. The command gets them together, as `tls`: settings by name, None for one not given."""

    @click.option("--tls-cert", "--ssl_certfile_path", "tls_cert", help="The server's certificate, a file in PEM.")
    @click.option("--tls-key", "--ssl_keyfile_path", "tls_key", help="The private key of --tls-cert.")
    @click.option("--tls-client-ca", help="The authorities of clients: each must show a certificate.")
    @click.option(
        "--plaintext",
        type=click.Choice(["loopback", "anywhere"]),
        help="Where to listen without TLS. Default: loopback only.",
    )
    @wraps(command)
    def with_tls(
        *,
        tls_cert: str | None,
        tls_key: str | None,
        tls_client_ca: str | None,
        plaintext: str | None,
        **others: Any,
    ) -> None:
        tls = {"tls_cert": tls_cert, "tls_key": tls_key, "tls_client_ca": tls_client_ca, "plaintext": plaintext}
        command(tls=tls, **others)

    return with_tls
