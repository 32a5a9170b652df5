"""How old an answer of the answer cache may be, for each model name: the shortest time of its deployments."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagewire_server.config.deployments import Deployment


def by_name(deployments: "Iterable[Deployment]", default: float) -> dict[str, float]:
    """The time that holds for each name, in seconds; 0 for off. default: of deployments without one of their own."""
    return {name: min(times) for name, times in _times(deployments, default).items()}


def warnings(deployments: "Iterable[Deployment]", default: float) -> Iterator[str]:
    """What has a time that never holds. default: as for `by_name`."""
    for name, times in _times(deployments, default).items():
        if any(times) and not min(times):
            yield (
                f"the answer cache is off for {name!r}, because one of its deployments has cache_ttl 0 and the shortest"
                " time of a name counts: set model_info.cache_ttl for all of them"
            )


def _times(deployments: "Iterable[Deployment]", default: float) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for one in deployments:
        found.setdefault(one.name, []).append(default if one.cache_ttl is None else one.cache_ttl)
    return found
