"""URLs of pictures: made for answers, and recognized where a request brings one back."""

import re
from dataclasses import dataclass

from imagewire_server.api.rest.middleware import PICTURES, Exchange, Scope
from imagewire_server.contract import message_rules, pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.keep_errors import KeepOff
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.picture_links import Link
from imagewire_server.formats.openai.common.delivery import Delivery
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder, in_callers_names

_HOST = re.compile(r"[\w.-]{1,255}(:\d{1,5})?|\[[\da-fA-F:.]{2,45}\](:\d{1,5})?", re.ASCII)
_OURS = re.compile(rf"(?P<base>https?://.{{1,1024}}){PICTURES}(?P<token>[\w-]{{32,4096}})", re.ASCII)


@dataclass(frozen=True, slots=True)
class PictureUrls:
    """public_url: what clients call this server, "" for what the request itself says."""

    keeper: Keeper
    public_url: str

    def delivery(self, exchange: Exchange, scope: Scope, field: str, *, keeps: bool = True) -> Delivery:
        """For an answer whose pictures go by URL. field: that asks for it. keeps: whether the answer may be kept.

        Raises KeepOff and InvalidRequest.
        """
        links = self.keeper.links
        if links is None:
            words = 'this server keeps no pictures, so they have no URLs: leave it out, or set keep to "local"'
            raise KeepOff(f"{field}: {words}", violations=[Violation(field, words)])
        if not keeps:
            raise InvalidRequest([Violation(field, "needs an answer that is kept: leave out store: false")])
        base = self._base(scope)
        caller, token = exchange.call.caller.id, links.token

        return Delivery(
            lambda started, key: f"{base}{PICTURES}{token(Link(caller, started.completion_id, *key, _expiry(started)))}"
        )

    def take_back(self, exchange: Exchange, scope: Scope, builder: SpecBuilder) -> None:
        """Replace the URLs of the caller's own pictures by their ids. Raises InvalidRequest for one that is over."""
        links = self.keeper.links
        if not builder.names_pictures or links is None:
            return
        base = self._base(scope)
        for i, message in enumerate(builder.spec.messages):
            for path, image in message_rules.images(message, f"spec.messages[{i}]"):
                match = _OURS.fullmatch(image.uri) if image.uri else None
                if match is None:
                    continue
                link = links.read(match["token"])
                if link is not None and link.caller == exchange.call.caller.id:
                    image.image_id = links.image_id(link)
                    image.ClearField("mime_type")
                elif link is None and match["base"] == base:
                    words = "has expired, or is of another server: send the picture itself"
                    raise in_callers_names(InvalidRequest([Violation(path, words)]), builder.origins)

    def _base(self, scope: Scope) -> str:
        """Scheme and host. What proxies add to a request (x-forwarded-…) is not trusted."""
        if self.public_url:
            return self.public_url.rstrip("/")
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) == 1 and _HOST.fullmatch(hosts[0]):
            return f"{scope['scheme']}://{hosts[0]}"
        host, port = scope["server"]
        return f"{scope['scheme']}://{f'[{host}]' if ':' in host else host}:{port}"


def _expiry(started: pb.Started) -> int:
    return started.expire_time.seconds
