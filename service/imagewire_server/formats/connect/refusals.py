"""What is wrong with a request before it is a message."""

from imagewire_server.contract.errors import Code, Error


class TooLong(Error):
    """A message is longer than the server takes."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "REQUEST_TOO_LARGE"

    def __init__(self, most: int) -> None:
        super().__init__(f"the request is larger than {most} bytes (max_request_bytes): send smaller pictures")


class Unreadable(Error):
    """An envelope breaks the protocol: the client's library is at fault, not the caller."""

    code = Code.INTERNAL  # as the protocol's specification has it
    reason = "INVALID_REQUEST"


class Unsupported(Error):
    """The request uses what this server does not speak, such as compression."""

    code = Code.UNIMPLEMENTED
    reason = "NOT_SUPPORTED"
