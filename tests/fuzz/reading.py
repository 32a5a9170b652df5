"""An invented answer through the reader alone."""

from typing import Any

from imagewire_server.contract.errors import Error
from imagewire_server.providers.google.wire import Reader
from tests.event_forms import message
from tests.fuzz.answer import Answer
from tests.fuzz.seen import Merger, Seen


def read(answer: Answer) -> Seen:
    """What comes out of the reader. An exception that is none of ours leaves."""
    reader = Reader()
    merger, events, error = Merger(hashed=False), list[Any](), ""
    try:
        for piece in answer.pieces:
            reader.feed(piece, events)
        reader.close(events)
    except Error as failed:
        error = f"{failed.reason}: {failed}"
    for event in events:
        merger.add(message(event))
    return merger.close(error)
