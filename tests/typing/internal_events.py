"""What mypy must reject: an internal chunk where a protobuf message is asked. An ignore that is not needed fails."""

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.accounting import Account


def rejected(account: Account, event: StreamEvent, chunk: Chunk) -> None:
    """Each of these would be found by a caller, at run time, where mypy let it pass."""
    account.note(chunk, "image_chunk")  # type: ignore[arg-type]
    account.note(event, "finished")  # type: ignore[arg-type]
    pb.StreamCompletionResponse(more=[chunk])  # type: ignore[list-item]
    pb.StreamCompletionResponse(image_chunk=chunk)  # type: ignore[arg-type]
    chunk.SerializeToString()  # type: ignore[attr-defined]
    event.finished  # type: ignore[union-attr]  # noqa: B018
    message: pb.StreamCompletionResponse = chunk  # type: ignore[assignment]
    del message


def accepted(account: Account, event: StreamEvent) -> None:
    """The way to tell them apart."""
    if not isinstance(event, Chunk):
        account.note(event, event.WhichOneof("event"))
