"""What the engine asks of a provider, and nothing more: a provider is a folder and one registry line."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from imagewire_server.contract import pb


class Answering(Protocol):
    """An answer that is being read."""

    @property
    def usage(self) -> pb.Usage | None:
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

    def generate(
        self, spec: pb.Spec, native_id: str, *, stream: bool, max_frame_bytes: int, report: Report
    ) -> AsyncGenerator[list[pb.Event], None]:
        """Ask `native_id` once.

        stream: whether the upstream is asked to answer piecemeal. max_frame_bytes: the most bytes in one ImageChunk.
        report: filled in on the way.
        Yields part, candidate and finished events, without Started and without sequence; those that arrived together
        are one list, and none is empty. Before the first it may raise a repeatable error; after it none is. Raises
        InvalidRequest for a field that the model does not take, before anything is sent, and UpstreamError. Closing
        the generator ends the upstream call.
        """
        ...
