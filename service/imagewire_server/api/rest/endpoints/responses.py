"""POST /v1/responses."""

import time
from dataclasses import dataclass

from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.respond import Responder
from imagewire_server.api.rest.response import Send
from imagewire_server.formats.openai.responses.answer import ResponsesAnswer, ResponsesEvents
from imagewire_server.formats.openai.responses.decode import image_tool, spec_of
from imagewire_server.formats.openai.responses.request import ResponsesRequest

PATH = "/responses"


@dataclass(frozen=True, slots=True)
class ResponsesEndpoint:
    """Answers as items: text, pictures, calls, in their order."""

    responder: Responder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        request, builder = await self.responder.read(exchange, scope, ResponsesRequest, spec_of)
        by_url = "image_delivery" if request.image_delivery == "url" else ""
        keeps = request.store is not False
        asked = await self.responder.asked(exchange, scope, builder, PATH, keeps=keeps, by_url=by_url)
        if request.stream:
            tool = image_tool(request)
            drafts = (tool.partial_images or 0) if tool else 0
            encoder = ResponsesEvents(
                request,
                exchange.call.request_id,
                drafts=drafts,
                asked_at=int(time.time()),
                delivery=asked.delivery,
            )
            await self.responder.stream(exchange, builder, encoder, asked)
        else:
            await self.responder.answer(exchange, builder, ResponsesAnswer(request, asked.delivery), asked)
