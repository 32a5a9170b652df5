"""The interface of a provider: the capabilities of its models, and a stream of events for a request."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from imagewire_server.contract.relayed import RelayedBytes, RelayedRequest

if TYPE_CHECKING:  # the configuration reads Capabilities without protobuf
    from imagewire_server.contract import pb
    from imagewire_server.contract.events import StreamEvent


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """US dollars per million tokens. cached: for cached prompt tokens, None if unknown."""

    prompt: float
    text: float
    image: float
    cached: float | None = None


@dataclass(frozen=True, slots=True)
class ImagePrice:
    """US dollars per picture, by image size."""

    by_size: Mapping[str, float]


class Lists(NamedTuple):
    """What a capability lists: the values of a field of the contract, as "Message.field".

    without: the error text for a model that supports none of them; the whole message is then refused.
    """

    field: str
    without: str = ""


def _lists(name: str, without: str = "") -> Any:
    """A capability that lists the values of a field; None if nothing is known."""
    return field(default=None, metadata={"lists": Lists(name, without)})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one model of one provider supports and costs. Validation, REST, ListModels and the cost use this.

    None means unknown, so any value is sent; an empty tuple means that the model supports none. id: the provider's id,
    empty for an unknown model. max_input_images: for the whole request. system_instruction: whether it supports one.
    unsigned_signature: what a model that requires signatures accepts instead of one that is missing.
    image_tokens: tokens of one picture, by image size. service_tiers: factors of the price, by service tier; "standard"
    is 1 and is not listed.

    talks: whether it is known to answer with text only.

    The other fields are the same for all models of the provider. service: its name in sentences. traced_as: its name
    in OpenTelemetry's conventions, "" for its own. default_image_size: the size if none is requested. image_bytes: the
    maximum bytes of a picture, by image size; None for the usual ones. uri_schemes: schemes from which it reads
    pictures itself. fields: the supported fields of the contract, as "Message.field"; others are refused. billed_as:
    the service tier by the traffic type in its usage, "" for the requested one.
    """

    id: str = ""
    aliases: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] | None = _lists("ImageConfig.aspect_ratio")
    image_sizes: tuple[str, ...] | None = _lists("ImageConfig.image_size")
    thinking_levels: tuple[str, ...] | None = _lists("ThinkingConfig.thinking_level", without="does not think")
    max_input_images: int | None = None
    system_instruction: bool = True
    part_media_resolution: bool = True
    unsigned_signature: str = ""
    price: TokenPrice | ImagePrice | None = None
    image_tokens: Mapping[str, int] = field(default_factory=dict)
    service_tiers: Mapping[str, float] = field(default_factory=dict)
    talks: bool = False
    service: str = "this provider"
    traced_as: str = ""
    default_image_size: str = "1K"
    image_bytes: Mapping[str, int] | None = None
    uri_schemes: tuple[str, ...] = ("https",)
    fields: frozenset[str] = frozenset()
    billed_as: Mapping[str, str] = field(default_factory=lambda: {"": ""})

    @property
    def is_known(self) -> bool:
        """Whether the model is known."""
        return bool(self.id)

    @property
    def thinks(self) -> bool:
        """Whether the model thinks, or may."""
        return self.thinking_levels != ()

    def takes(self, name: str) -> bool:
        """Whether it supports a field of the contract, given as "Message.field"."""
        return name in self.fields


class ModelTable:
    """The models of one provider by id and by alias. unknown: the capabilities of its other models.

    talks: whether the name of one of those is of a model that answers with text only.
    """

    def __init__(
        self, models: Iterable[Capabilities], unknown: Capabilities, talks: Callable[[str], bool] = lambda name: False
    ) -> None:
        self.models = tuple(sorted(models, key=lambda model: model.id))
        self.unknown = unknown
        self.talks = talks
        self._talking = replace(unknown, talks=True)
        self._by_name = {name: model for model in self.models for name in (model.id, *model.aliases)}

    def find(self, name: str) -> Capabilities:
        """The model with this id or alias, or `unknown`, which may be known to talk."""
        found = self._by_name.get(name)
        if found is not None:
            return found
        return self._talking if self.talks(name) else self.unknown


class Answering(Protocol):
    """An answer that is being read."""

    @property
    def usage(self) -> "pb.Usage | None":
        """The usage that the provider has reported so far."""
        ...

    @property
    def finished(self) -> bool:
        """Whether every candidate so far has a finish reason."""
        ...


@dataclass(slots=True)
class Report:
    """The state of one upstream call, for calls that end before their last event. The provider fills it in.

    large: whether the spec takes long to encode; it is then encoded outside the event loop. headers: more for the
    request, which say what it is a part of. url: where it goes; it may hold credentials. sent: sending the request has
    begun, so from now on it may be charged. status: HTTP's, 0 before the answer. answer: set when the answer begins.

    relayed: takes the answer's own bytes, None where only its events are wanted. draws: whether it is charged for.
    """

    large: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    url: str = ""
    sent: bool = False
    status: int = 0
    answer: Answering | None = None
    relayed: RelayedBytes | None = None
    draws: bool = True


class Provider(Protocol):
    """Turns a spec into a stream of events with one call to one upstream API."""

    @property
    def name(self) -> str:
        """The prefix of its model names: "gemini", "vertex_ai"."""
        ...

    @property
    def models(self) -> ModelTable:
        """Its models."""
        ...

    async def target(self, native_id: str) -> str:
        """What decides, beside the spec, what `generate` sends and where: addresses, headers, what its models get
        that others do not. No credentials, limits or prices. For equal ones a kept answer may be sent again.

        Raises Error where it cannot be known.
        """
        ...

    def generate(
        self, spec: "pb.Spec", native_id: str, *, stream: bool, report: Report
    ) -> "AsyncGenerator[list[StreamEvent], None]":
        """Call the model `native_id` once.

        stream: whether a streamed answer is requested. report: filled in during the call.
        Yields part, candidate and finished events, without Started and without sequence. Events that arrive together
        are one list; no list is empty. The bytes of pictures and media are Chunks, as large as they arrive. Errors
        before the first event may be repeatable, later ones are not. Raises InvalidRequest, before anything is sent,
        for a field that the model does not support, and UpstreamError. Closing the generator ends the upstream call.
        """
        ...


@runtime_checkable
class Relaying(Provider, Protocol):
    """A provider that also takes requests in its own format. speaks: the format's name."""

    @property
    def speaks(self) -> str:
        """The name of the format: "google"."""
        ...

    def relay(
        self, request: RelayedRequest, native_id: str, *, report: Report
    ) -> "AsyncGenerator[list[StreamEvent], None]":
        """Call the model once with the request as it is. The answer's bytes go to `report.relayed`, too.

        Yields and raises as `generate` does. What is not charged for yields Finished alone.
        """
        ...
