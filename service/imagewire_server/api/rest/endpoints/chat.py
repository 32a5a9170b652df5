"""POST /v1/chat/completions."""

from dataclasses import dataclass, replace

from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.respond import Responder
from imagewire_server.api.rest.response import Send
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.formats.openai.chat.answer import ChatAnswer, ImageFields
from imagewire_server.formats.openai.chat.chunks import ChatChunks
from imagewire_server.formats.openai.chat.decode import spec_of
from imagewire_server.formats.openai.chat.request import ChatRequest

_FIELDS = {
    "both": ImageFields(),
    "image": ImageFields(images=False),
    "images": ImageFields(image=False),
    "content": ImageFields(image=False, content=True),
}
PATH = "/chat/completions"
_HEADER = b"x-image-fields"


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """Chat that draws, in OpenAI's format. image_fields: the default.

    drafts_last: where drafts are in an answer that is not a stream. A stream has the model's order, because a draft is
    marked only after its bytes.
    """

    responder: Responder
    image_fields: str
    drafts_last: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        fields = self._fields(scope)
        request, builder = await self.responder.read(exchange, scope, ChatRequest, spec_of)
        by_url = "image_delivery" if request.image_delivery == "url" else ""
        keeps = request.store is not False
        asked = await self.responder.asked(exchange, scope, builder, PATH, keeps=keeps, by_url=by_url)
        if request.stream:
            options = request.stream_options
            usage = bool((options and options.include_usage) or (request.usage and request.usage.include))
            if fields.content:
                words = "content is not for streams, where it is text; use both, image or images, or leave stream out"
                raise InvalidRequest([Violation("x-image-fields", words)])
            ident = exchange.call.request_id
            encoder = ChatChunks(fields, ident, include_usage=usage, delivery=asked.delivery)
            await self.responder.stream(exchange, builder, encoder, asked)
            return
        fields = replace(fields, drafts_last=self.drafts_last and builder.may_have_drafts)
        await self.responder.answer(exchange, builder, ChatAnswer(fields, asked.delivery), asked)

    def _fields(self, scope: Scope) -> ImageFields:
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER), "")
        if given and given not in _FIELDS:
            words = f"must be one of {', '.join(_FIELDS)}"
            raise InvalidRequest([Violation("x-image-fields", words)])
        return _FIELDS[given or self.image_fields]
