"""What is known of a call beside its answer. Sans-IO."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class CallFacts:
    """All but the request's id comes behind the answer, in gRPC's trailing metadata.

    deployment: of the server's configuration. attempts: how many calls to providers the server made. unsigned: fields
    of the request for whose lost signatures a placeholder was sent.
    """

    request_id: str = ""
    deployment: str = ""
    attempts: int = 0
    unsigned: tuple[str, ...] = ()

    def read(self, trailers: Iterable[tuple[str, str | bytes]]) -> None:
        """Read the trailing metadata. REST has headers of the same names."""
        said = {name: str(value) for name, value in trailers or () if name.startswith("x-imagewire-")}
        self.request_id = said.get("x-imagewire-request-id") or self.request_id
        self.deployment = said.get("x-imagewire-deployment", "")
        attempts = said.get("x-imagewire-attempts", "")
        self.attempts = int(attempts) if attempts.isdecimal() else 0
        unsigned = said.get("x-imagewire-signature-bypass", "")
        self.unsigned = tuple(unsigned.split(",")) if unsigned else ()


class KnowsItsCall:
    """What came of a call that is known by `_facts`."""

    __slots__ = ()
    _facts: CallFacts

    @property
    def request_id(self) -> str:
        """The id of the call in the logs of client and server.

        Returns:
            The id; "" for an answer that came from no call.

        Examples:
            >>> with imagewire.Client(metadata=[("x-request-id", "banana-1")]) as client:
            ...     print(client.chat.create().append("A banana").sample().request_id)
            banana-1
        """
        return self._facts.request_id

    @property
    def deployment(self) -> str:
        """The deployment of the server's configuration that answered.

        Returns:
            Its name; "" before the call has ended, and if the server did not say.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().deployment != "")
            True
        """
        return self._facts.deployment

    @property
    def attempts(self) -> int:
        """How many calls to providers the server made for the answer.

        Returns:
            The number; 0 before the call has ended, and if the server did not say.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().attempts)
            1
        """
        return self._facts.attempts

    @property
    def unsigned(self) -> tuple[str, ...]:
        """The parts of earlier answers that had lost the signatures which the model requires.

        Google's documented placeholder was sent in their place, and the picture may be worse for it. Send an answer
        back with `chat.append(answer)`, so that it keeps its signatures.

        Returns:
            The fields of the request, such as "spec.messages[1].parts[0]"; at most 64. Empty before the call has
            ended.

        Examples:
            >>> with imagewire.Client() as client:
            ...     said = [imagewire.user("A banana"), imagewire.assistant("Here it is")]
            ...     chat = client.chat.create("gemini/gemini-3-pro-image", said)
            ...     print(chat.append("Make it blue").sample().unsigned)
            ('spec.messages[1].parts[0]',)
        """
        return self._facts.unsigned
