"""Options of the command line that are LiteLLM's: those of `serve` stand without a command too."""

from collections.abc import Callable

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
