"""ModelService: the table of models, a page at a time."""

from typing import Any

import grpc

from imagewire.v1 import model_service_pb2_grpc as stubs
from imagewire_server.config.models import ModelFacts
from imagewire_server.contract import constraints, pb
from imagewire_server.contract.errors import InvalidRequest, NotFound, Violation
from imagewire_server.engine.route import Route, Router

_PAGE_SIZE = 100

Context = grpc.aio.ServicerContext[Any, Any]


class ModelService(stubs.ModelServiceServicer):
    """See the contract. A page's token is the last name of the page before."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        """A page of the table."""
        constraints.check(request)
        routes = self._router.routes()
        names = [route.name for route in routes]
        begin = 0
        if request.page_token:
            if request.page_token not in names:
                raise InvalidRequest([Violation("page_token", "is none that ListModels gave; start without one")])
            begin = names.index(request.page_token) + 1
        page = routes[begin : begin + (request.page_size or _PAGE_SIZE)]
        more = begin + len(page) < len(routes)
        return pb.ListModelsResponse(
            models=[_model(route, route.facts) for route in page if route.facts],
            next_page_token=page[-1].name if more else "",
        )

    async def GetModel(self, request: pb.GetModelRequest, context: Context) -> pb.GetModelResponse:
        """One model of the table."""
        constraints.check(request)
        route = self._router.resolve(request.name)
        if route.facts is None:
            raise NotFound(
                f"nothing is known of the model {request.name!r}: ListModels lists those that are;"
                " an unlisted one may still draw"
            )
        return pb.GetModelResponse(model=_model(route, route.facts))


def _model(route: Route, facts: ModelFacts) -> pb.Model:
    price = facts.price
    return pb.Model(
        name=route.name,
        aliases=[f"{route.provider.name}/{alias}" for alias in facts.aliases],
        provider=route.provider.name,
        native_id=facts.id,
        image_sizes=facts.image_sizes or (),
        aspect_ratios=facts.aspect_ratios or (),
        max_input_images=facts.max_input_images or 0,
        system_instruction=facts.system_instruction,
        thinking_levels=facts.thinking_levels or (),
        price=None
        if price is None
        else pb.Price(
            input_usd_per_million=price.prompt,
            text_output_usd_per_million=price.text,
            image_output_usd_per_million=price.image,
        ),
    )
