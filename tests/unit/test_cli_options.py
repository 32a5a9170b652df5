"""LiteLLM's command line: options without a command, and REST's address in two flags."""

import click
import pytest
from click.testing import CliRunner

from imagewire_server.cli_options import ServeByDefault, rest_address


@click.group(cls=ServeByDefault)
@click.version_option("1.0")
def app() -> None:
    """A command."""


@app.command()
@click.option("--config")
def serve(config: str | None) -> None:
    """Serve."""
    click.echo(f"serves {config}")


@app.command()
def other() -> None:
    """Something else."""
    click.echo("other")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--config", "f"], "serves f"),
        (["--config=f"], "serves f"),
        (["serve", "--config", "f"], "serves f"),
        (["other"], "other"),
        (["--version"], "version 1.0"),
        (["--help"], "A command"),
        (["--nothing"], "No such option"),
    ],
    ids=str,
)
def test_options_without_a_command_are_those_of_serve(arguments: list[str], said: str) -> None:
    assert said in CliRunner().invoke(app, arguments).output


@pytest.mark.parametrize(
    ("flags", "known", "address"),
    [
        ({"host": "0.0.0.0", "port": 80}, "127.0.0.1:4000", "0.0.0.0:80"),  # noqa: S104  # LiteLLM's callers ask for it
        ({"port": 80}, "127.0.0.1:4000", "127.0.0.1:80"),
        ({"port": 80}, "[::1]:4000", "[::1]:80"),
        ({"port": 0}, "off", "127.0.0.1:0"),
        ({"host": "::"}, "127.0.0.1:4001", "[::]:4001"),
        ({"host": "[::1]"}, "off", "[::1]:4000"),
        ({"rest": "a:1"}, "127.0.0.1:4000", "a:1"),
        ({"no_rest": True}, "127.0.0.1:4000", "off"),
        ({}, "127.0.0.1:4000", None),
    ],
    ids=str,
)
def test_the_address_of_rest(flags: dict[str, str | int | None], known: str, address: str | None) -> None:
    given = {"rest": None, "host": None, "port": None, "no_rest": False, **flags}
    assert rest_address(**given, given=lambda: known) == address  # type: ignore[arg-type]


@pytest.mark.parametrize("flags", [{"rest": "a:1", "no_rest": False}, {"rest": None, "no_rest": True}], ids=str)
def test_two_addresses_contradict(flags: dict[str, str | bool | None]) -> None:
    with pytest.raises(click.UsageError, match="leave out --"):
        rest_address(host="a", port=None, given=lambda: "b:1", **flags)  # type: ignore[arg-type]
