"""The rpm of deployments, where `optional_pre_call_checks` makes it a limit."""

from collections.abc import Iterable, Iterator, Mapping

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.routing import ENFORCE_RPM, Routing
from imagewire_server.config.source import ConfigError, Node


def check(routing: Routing, deployments: Iterable[Deployment], places: Mapping[str, Node]) -> Iterator[str]:
    """The warnings. places: the entries of deployments by their ids. Raises ConfigError where one is never asked."""
    for deployment in deployments if routing.enforces_rpm else ():
        if deployment.rpm is not None and deployment.rpm < 1:
            words = f"rpm {deployment.rpm:g} lets nothing through, with {ENFORCE_RPM}: set it to at least 1"
            raise places[deployment.id].error(words)
        if deployment.tpm is not None:
            yield f"{ENFORCE_RPM} limits rpm alone: tpm of {deployment.id!r} stays its share"


def check_shares(routing: Routing, deployments: Iterable[Deployment], shares: int) -> None:
    """Raise ConfigError where an rpm cannot be split among so many processes, each of which counts for itself."""
    for deployment in deployments if routing.enforces_rpm else ():
        if deployment.rpm is not None and deployment.rpm < shares:
            raise ConfigError(
                f"rpm of the deployment {deployment.id!r} is {deployment.rpm:g}, and {shares} processes (workers, times"
                " replicas) share it: raise it, set workers to a smaller number, or set limits_redis, where they count"
                " together"
            )
