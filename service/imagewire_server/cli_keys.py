"""The command imagewire-server key: keys of callers."""

from typing import Any

import click

_COUNT = click.IntRange(min=1)


@click.group()
def key() -> None:
    """Keys of callers beside the master key."""


@key.command()
@click.argument("name")
@click.option("--models", multiple=True, help="A model that it may name, or a pattern with one *. Default: all.")
@click.option("--methods", multiple=True, help="What it may do: draw, images, models, metrics, inspect.")
@click.option("--calls-at-once", type=_COUNT, help="How many of its calls may run at once.")
@click.option("--requests-per-minute", type=_COUNT, help="How many calls it may begin within a minute.")
@click.option("--pictures-per-minute", type=_COUNT, help="How many pictures it may draw within a minute.")
@click.option("--usd-per-day", type=float, help="How many US dollars it may spend a day (UTC).")
@click.option("--usd-per-call", type=float, help="How much of them is reserved for a call. Default: an estimate.")
def new(name: str, **given: Any) -> None:
    """Make a key for the caller NAME. Prints it, this once, and the lines for the configuration."""
    from imagewire_server.config.caller_policies import check_entry  # noqa: PLC0415
    from imagewire_server.config.new_key import new_key  # noqa: PLC0415
    from imagewire_server.config.source import ConfigError  # noqa: PLC0415

    made = new_key(name, given)
    try:
        check_entry(made)
    except ConfigError as error:
        raise click.UsageError(str(error).partition(": ")[2]) from None
    click.echo(made)
