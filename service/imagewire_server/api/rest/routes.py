"""The routes of the REST API."""

from collections.abc import Awaitable, Callable, Iterator

from starlette.routing import Route, Router

from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.endpoints import docs as pages
from imagewire_server.api.rest.endpoints import page as ui
from imagewire_server.api.rest.endpoints.chat import ChatEndpoint
from imagewire_server.api.rest.endpoints.files import FileEndpoint, FilesEndpoint
from imagewire_server.api.rest.endpoints.images import ImagesEndpoint
from imagewire_server.api.rest.endpoints.meta import Health, Models, Readiness, Ready, counts, liveliness
from imagewire_server.api.rest.endpoints.native import MethodEndpoint, NativeModels, no_method
from imagewire_server.api.rest.endpoints.pictures import PictureEndpoint
from imagewire_server.api.rest.endpoints.responses import ResponsesEndpoint, StoredResponses
from imagewire_server.api.rest.middleware import PAGE, PICTURES, Scope
from imagewire_server.api.rest.respond import Responder
from imagewire_server.api.rest.response import Send
from imagewire_server.core.kept_images import KeptImages
from imagewire_server.formats.google import paths

_Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]


class _Raw:
    """Marks a function as an ASGI application. Starlette would call a plain function with a request object."""

    def __init__(self, endpoint: _Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._endpoint(scope, receive, send)


def application(
    responder: Responder,
    images: KeptImages,
    image_fields: str,
    ready: Ready,
    *,
    drafts_last: bool,
    metrics: bool,
    page: bool,
) -> Router:
    """Return the ASGI application below the middleware."""
    models = Models(responder.engine)
    native_models = NativeModels(responder.engine, models)
    posts: dict[str, _Endpoint] = {
        "/chat/completions": ChatEndpoint(responder, image_fields, drafts_last),
        "/responses": ResponsesEndpoint(responder),
        "/files": FilesEndpoint(images),
        "/images/generations": ImagesEndpoint(responder, edits=False),
        "/images/edits": ImagesEndpoint(responder, edits=True),
    }
    gets: dict[str, _Endpoint] = {
        "/": pages.root,
        "/docs": pages.docs,
        "/openapi.json": pages.openapi,
        "/health": Health(responder.engine, ready),
        "/health/liveliness": liveliness,
        "/health/liveness": liveliness,
        "/health/readiness": Readiness(ready),
        "/v1/models": native_models,
        "/v1/models/{model:path}": native_models,
        "/models": models,
        "/models/{model:path}": models,
        f"{PICTURES}{{token}}": PictureEndpoint(responder, images),
    }
    both: dict[str, _Endpoint] = {
        "/responses/{id}": StoredResponses(responder),
        "/files/{id}": FileEndpoint(images, content=False),
    }
    gets |= {f"{prefix}/files/{{id}}/content": FileEndpoint(images, content=True) for prefix in ("/v1", "")}
    if metrics:
        gets["/metrics"] = counts
    if page:
        gets |= {"/": ui.page, f"{PAGE}{{name}}": ui.page}
    routes = [
        Route(prefix + path, _Raw(made), methods=["POST"]) for path, made in posts.items() for prefix in ("/v1", "")
    ]
    # As in Azure's API; the model in the path is the request's model.
    routes += [
        Route(f"/{name}/{{model:path}}{path}", _Raw(made), methods=["POST"])
        for path, made in posts.items()
        for name in ("deployments", "engines")
        if path not in {"/responses", "/files"}
    ]
    routes += [Route(path, _Raw(made), methods=["GET"]) for path, made in gets.items()]
    routes += [
        Route(prefix + path, _Raw(made), methods=["GET", "DELETE"])
        for path, made in both.items()
        for prefix in ("/v1", "")
    ]
    return Router([*routes, *_native(responder, native_models)], redirect_slashes=False)


def _native(responder: Responder, models: NativeModels) -> Iterator[Route]:
    """The routes of Google's own API, in each of its versions and places."""
    for version in paths.VERSIONS:
        for place in paths.PLACES:
            path = f"/{version}{place}/models"
            for method in paths.METHODS:
                made = MethodEndpoint(responder, method)
                yield Route(f"{path}/{{model:path}}:{method}", _Raw(made), methods=["POST"])
            yield Route(f"{path}/{{model:path}}:{{method}}", _Raw(no_method), methods=["POST"])
            yield Route(path, _Raw(models), methods=["GET"])
            yield Route(f"{path}/{{model:path}}", _Raw(models), methods=["GET"])
