"""The command `imagewire-server cert`."""

import shlex
from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--spiffe", metavar="ID", default="", help="The client's id: spiffe://TRUST-DOMAIN/PATH.")
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True, help="How long they are valid.")
@click.option("--force", is_flag=True, help="Replace the certificates that are there; the authority stays.")
def cert(folder: Path, names: tuple[str, ...], *, spiffe: str, days: int, force: bool) -> None:
    """Make certificates for development: an authority (CA), and a server's and a client's by it.

    DIR gets ca.pem, server.pem and client.pem with their keys. The server's is for localhost, 127.0.0.1, ::1 and each
    NAME.
    """
    # Imported here: few commands need it, and it takes a moment to load.
    from imagewire_server.development_certificates import DEFAULT_NAMES, Refused, make  # noqa: PLC0415

    try:
        make(folder, names, spiffe, days, force=force)
    except (Refused, OSError) as error:
        click.echo(f"imagewire-server: {error}", err=True)
        raise click.exceptions.Exit(2) from None
    hosts = ", ".join(dict.fromkeys((*DEFAULT_NAMES, *names)))
    ca, pem, key = (shlex.quote(str(folder / name)) for name in ("ca.pem", "client.pem", "client.key"))
    server, server_key = (shlex.quote(str(folder / name)) for name in ("server.pem", "server.key"))
    click.echo(f"""\
{folder}: certificates for {days} day(s), for development only. The server is {hosts}.

Serve, and ask each client for its certificate (leave out --tls-client-ca to ask for none):
  imagewire-server serve --tls-cert {server} --tls-key {server_key} --tls-client-ca {ca}

Call:
  imagewire ping --target https://localhost:50051 --tls-ca {ca} --tls-cert {pem} --tls-key {key}
  grpcurl -cacert {ca} -cert {pem} -key {key} localhost:50051 list
  curl --cacert {ca} --cert {pem} --key {key} https://localhost:4000/v1/models""")
