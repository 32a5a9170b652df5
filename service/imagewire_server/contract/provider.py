"""What the server asks of a provider: its models' capabilities, and a stream of events for a request."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:  # the configuration reads Capabilities without protobuf
    from imagewire_server.contract import pb
    from imagewire_server.contract.events import StreamEvent


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """US dollars per million tokens. cached: of cached prompt tokens, None when unknown."""

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

    without: what to say of a model that takes none of them, which then refuses the whole message.
    """

    field: str
    without: str = ""


def _lists(name: str, without: str = "") -> Any:
    """A capability that lists the values of a field; None where nothing is known."""
    return field(default=None, metadata={"lists": Lists(name, without)})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one model takes and costs at one provider. Validation, REST, ListModels and the cost all read this.

    None: nothing is known, so it is sent; an empty tuple: the model takes none. id: the provider's own, empty for a
    model of which nothing is known. max_input_images: of the whole request. system_instruction: whether it takes one.
    image_tokens: what a picture takes, by image size. service_tiers: what the price is multiplied by, by service tier;
    "standard" is 1 and is not listed.

    The rest is the provider's, for all its models. service: its name in sentences. default_image_size: what is drawn
    where none is asked for. image_bytes: the most bytes of a picture, by image size; None for what is
    usual. uri_schemes: by which it reads pictures itself. fields: the fields of the contract that it
    takes, as "Message.field"; None for all of them. billed_as: the service tier by the traffic type in its
    usage, "" for the one that was asked for.
    """

    id: str = ""
    aliases: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] | None = _lists("ImageConfig.aspect_ratio")
    image_sizes: tuple[str, ...] | None = _lists("ImageConfig.image_size")
    thinking_levels: tuple[str, ...] | None = _lists("ThinkingConfig.thinking_level", without="does not think")
    max_input_images: int | None = None
    system_instruction: bool = True
    part_media_resolution: bool = True
    price: TokenPrice | ImagePrice | None = None
    image_tokens: Mapping[str, int] = field(default_factory=dict)
    service_tiers: Mapping[str, float] = field(default_factory=dict)
    service: str = "this provider"
    default_image_size: str = "1K"
    image_bytes: Mapping[str, int] | None = None
    uri_schemes: tuple[str, ...] = ("https",)
    fields: frozenset[str] | None = None
    billed_as: Mapping[str, str] = field(default_factory=lambda: {"": ""})

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the model."""
        return bool(self.id)

    def takes(self, name: str) -> bool:
        """Whether it takes a field of the contract, by its "Message.field"."""
        return self.fields is None or name in self.fields


class ModelTable:
    """The models of one provider by id and by alias. unknown: what holds of any other model of it."""

    def __init__(self, models: Iterable[Capabilities], unknown: Capabilities) -> None:
        self.models = tuple(sorted(models, key=lambda model: model.id))
        self.unknown = unknown
        self._by_name = {name: model for model in self.models for name in (model.id, *model.aliases)}

    def find(self, name: str) -> Capabilities:
        """The model with this id or alias, `unknown` when the table lacks it."""
        return self._by_name.get(name, self.unknown)


class Answering(Protocol):
    """An answer that is being read."""

    @property
    def usage(self) -> "pb.Usage | None":
        """What the provider has said so far of its usage."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the model has said, for every candidate so far, why it ended."""
        ...


@dataclass(slots=True)
class Report:
    """One upstream call as it stands, for calls that end before their last event. The provider fills it in.

    large: whether the spec takes long to encode, which is then done beside the event loop. sent: the request has begun
    to leave, so from now on it may be charged. answer: set when the answer begins.
    """

    large: bool = False
    sent: bool = False
    answer: Answering | None = None


class Provider(Protocol):
    """Turns a spec into a stream of events by asking one upstream API once."""

    @property
    def name(self) -> str:
        """The word in front of a model's name: "gemini", "vertex_ai"."""
        ...

    @property
    def models(self) -> ModelTable:
        """Its models."""
        ...

    def generate(
        self, spec: "pb.Spec", native_id: str, *, stream: bool, report: Report
    ) -> "AsyncGenerator[list[StreamEvent], None]":
        """Ask `native_id` once.

        stream: whether the upstream is asked to answer piecemeal. report: filled in on the way.
        Yields part, candidate and finished events, without Started and without sequence; those that arrived together
        are one list, and none is empty. The bytes of pictures and media are Chunks, as large as they arrived. Before
        the first event it may raise a repeatable error; after it none is. Raises InvalidRequest for a field that the
        model does not take, before anything is sent, and UpstreamError. Closing the generator ends the upstream call.
        """
        ...
