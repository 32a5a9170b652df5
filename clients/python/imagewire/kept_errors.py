"""The errors of answers and pictures that a server keeps, or should. `errors` has the tree."""

from imagewire.errors import ImagewireError, InvalidRequest, NotFound, NotSupported, Unavailable


class RequestIdReused(InvalidRequest):
    """The `request_id` belongs to another request. Nothing was drawn: use a new UUID for each request.

    Examples:
        >>> import uuid
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana", request_id=str(uuid.uuid4()))
        ...     except imagewire.RequestIdReused as error:
        ...         print(error.message)
    """


class OutcomeUnknown(ImagewireError):
    """The server that drew the answer ended before it was complete. It may have been charged.

    The client never draws again by itself. To draw, and pay, again, make a new call.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.OutcomeUnknown as error:
        ...         print(error.metadata["completion_id"])
    """


class AnswerNotKept(ImagewireError):
    """The answer was drawn, and may have been charged, but the server could not keep it.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.AnswerNotKept as error:
        ...         print(error.message)
    """


class CompletionNotFound(NotFound):
    """The server keeps no such answer of this caller: the id is wrong, or it has expired.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         client.get_completion(completion_id="cmpl-none")
        ...     except imagewire.CompletionNotFound as error:
        ...         print(error.reason)
        COMPLETION_NOT_FOUND
    """


class ImageNotFound(NotFound):
    """The server keeps no such picture of this caller: the id is wrong, or it has expired.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         client.download("img-none")
        ...     except imagewire.ImageNotFound as error:
        ...         print(error.reason)
        IMAGE_NOT_FOUND
    """


class StoreUnavailable(Unavailable):
    """The server's store does not work, and the call needs it. Nothing was drawn.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         cat = client.upload(client.draw("A cat"))
        ...     except imagewire.StoreUnavailable as error:
        ...         print(error.retryable)
    """


class KeepOff(NotSupported):
    """The server keeps no answers and no pictures. Nothing was drawn.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         cat = client.upload(client.draw("A cat"))
        ...     except imagewire.KeepOff as error:
        ...         print(error.message)
    """
