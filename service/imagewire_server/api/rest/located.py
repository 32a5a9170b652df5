"""Errors of what is kept, with the caller's own field."""

from imagewire_server.contract.errors import Error, InvalidRequest, Violation
from imagewire_server.formats.openai.common.spec_builder import in_callers_names

PREVIOUS = "spec.previous_completion_id"


def located(error: Error, origins: dict[str, str]) -> Error:
    """The same error, where its message begins with a field of the core's: with the caller's name of that."""
    path, _, words = error.message.partition(": ")
    if not words or not (path.startswith("spec.") or path in origins):
        return error
    [named] = in_callers_names(InvalidRequest([Violation(path, words)]), origins).violations
    if path == PREVIOUS and error.reason == "COMPLETION_NOT_FOUND":
        words = "you have no such response, or it has expired"
        if missing := error.metadata.get("completion_id"):
            missing = missing.replace("cmpl-", "resp_", 1)
            words = f"the chat goes on from {missing!r}, which was deleted, or removed to make room"
        named = Violation(named.field, f"{words}: send the earlier items in input")
    return type(error)(f"{named.field}: {named.description}", violations=[named])
