"""POST /v1/responses."""

import time
from dataclasses import dataclass

import msgspec

from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.respond import Responder
from imagewire_server.api.rest.response import Send
from imagewire_server.api.rest.status import HttpError
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.keep_errors import AnswerNotKept, CompletionNotFound, KeepOff
from imagewire_server.formats.openai.responses.answer import ResponsesAnswer, ResponsesEvents
from imagewire_server.formats.openai.responses.decode import completion_of, image_tool, spec_of
from imagewire_server.formats.openai.responses.request import ResponsesRequest

PATH = "/responses"


@dataclass(frozen=True, slots=True)
class StoredResponses:
    """GET and DELETE /v1/responses/{id}: an answer that is kept."""

    responder: Responder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        given = scope["path_params"]["id"]
        ident = completion_of(given)
        if self.responder.keeper.links is None:
            raise KeepOff("this server keeps no answers: set keep to local")
        if not ident:
            raise CompletionNotFound("this is not the id of a response; send it as it came: resp_…")
        if scope["method"] == "DELETE":
            if not await self.responder.keeper.delete(exchange.call.caller.id, ident):
                raise HttpError(409, "STILL_DRAWN", "this response is still being drawn: wait for its end")
            deleted = {"id": given, "object": "response", "deleted": True}
            await exchange.response.whole(200, msgspec.json.encode(deleted))
            return
        if scope["query_string"]:
            name = scope["query_string"].decode("latin-1").partition("=")[0][:64]
            raise InvalidRequest([Violation(name, "is not supported; GET sends the whole response: leave it out")])
        try:
            await self.responder.replay(exchange, ident, ResponsesAnswer(ResponsesRequest(model="", input="")))
        except AnswerNotKept as error:
            if exchange.response.started:
                raise
            raise CompletionNotFound(error.message, metadata=error.metadata) from error


@dataclass(frozen=True, slots=True)
class ResponsesEndpoint:
    """Answers as items: text, pictures, calls, in their order."""

    responder: Responder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        request, builder = await self.responder.read(exchange, scope, ResponsesRequest, spec_of)
        if request.store and self.responder.keeper.links is None:
            words = "true is not supported: this server keeps no answers; use false or leave it out"
            if not request.drop_params:
                raise InvalidRequest([Violation("store", words)])
            exchange.response.add([(b"x-imagewire-dropped", b"store")])
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
