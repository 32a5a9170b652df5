"""All paths beside generateContent."""

from collections.abc import Mapping

from imagewire_emulator.resources import batches, cached_contents, model_list, predict, uploads
from imagewire_emulator.resources.route import Route

_ROUTES = (*model_list.ROUTES, *uploads.ROUTES, *cached_contents.ROUTES, *batches.ROUTES, *predict.ROUTES)


def find(method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
    """The route of a path, and the names in it."""
    for route in _ROUTES:
        if route.method == method and (match := route.pattern.fullmatch(path)):
            return route, match.groupdict(default="")
    return None
