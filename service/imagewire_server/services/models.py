"""ModelService: the table of models, a page at a time."""

import time

from imagewire_server import __version__
from imagewire_server.contract import pb, validation
from imagewire_server.contract.capability_rules import CHOICES
from imagewire_server.contract.errors import InvalidRequest, NotFound, Violation
from imagewire_server.contract.provider import Capabilities, TokenPrice
from imagewire_server.core.generate import Engine
from imagewire_server.core.router import Route
from imagewire_server.services.context import CALL, Context

_PAGE_SIZE = 100


class ModelService:
    """See the contract. A page's token is the last name of the page before."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        """A page of the table."""
        validation.check(request)
        told = (("x-imagewire-version", __version__), ("x-imagewire-time", f"{time.time():.3f}"))
        await context.send_initial_metadata(told)
        caller = CALL.get().caller
        offered = [(name, route) for name, route in self._engine.router.offered() if caller.may_ask(name)]
        names = [name for name, _ in offered]
        begin = 0
        if request.page_token:
            if request.page_token not in names:
                raise InvalidRequest([Violation("page_token", "is none that ListModels gave; start without one")])
            begin = names.index(request.page_token) + 1
        page = offered[begin : begin + (request.page_size or _PAGE_SIZE)]
        more = begin + len(page) < len(offered)
        return pb.ListModelsResponse(
            models=[_model(name, route) for name, route in page], next_page_token=page[-1][0] if more else ""
        )

    async def GetModel(self, request: pb.GetModelRequest, context: Context) -> pb.GetModelResponse:
        """One model of the table."""
        validation.check(request)
        CALL.get().caller.check_models([request.name])
        route = self._engine.router.resolve(request.name).routes[0]
        names = [name for name, offered in self._engine.router.offered() if offered.name == route.name]
        if not route.capabilities.is_known and request.name not in names:
            raise NotFound(
                f"nothing is known of the model {request.name!r}: ListModels lists those that are;"
                " an unlisted one may still draw"
            )
        name = request.name if request.name in names or not names else names[0]
        return pb.GetModelResponse(model=_model(name, route))


def _model(name: str, route: Route) -> pb.Model:
    known = route.capabilities
    provider = route.upstream.deployment.provider
    model = pb.Model(
        name=name,
        aliases=[f"{provider}/{alias}" for alias in known.aliases],
        provider=provider,
        native_id=route.native_id,
        max_input_images=known.max_input_images,
        price=_price(known),
    )
    for field in CHOICES:  # absent where nothing is known
        if (values := getattr(known, field)) is not None:
            choices: pb.Choices = getattr(model, field)
            choices.SetInParent()
            choices.values.extend(values)
    if known.is_known:
        model.system_instruction = known.system_instruction
    return model


def _price(known: Capabilities) -> pb.Price | None:
    """None, as absent, where it is unknown, and for a price per picture, for which the contract has no field."""
    price = known.price
    if not isinstance(price, TokenPrice):
        return None
    return pb.Price(
        input_usd_per_million=price.prompt,
        text_output_usd_per_million=price.text,
        image_output_usd_per_million=price.image,
        cached_input_usd_per_million=price.cached,
        service_tier_factors=known.service_tiers,
    )
