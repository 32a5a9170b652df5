"""How large a channel's messages may be, and what is asked for so that what is paid for fits. Sans-IO."""

from collections.abc import Mapping
from dataclasses import dataclass

from imagewire.errors import invalid

RECEIVED = "grpc.max_receive_message_length"
# Below these, the text, ids and signatures beside the pictures may not fit.
LEAST_MESSAGE = 128 * 1024
_LEAST_INLINE = 64 * 1024
_LARGEST = 2**31 - 1
# What a server sends in one message unless it is asked for less.
_USUAL_FRAME = 256 * 1024
_MARGIN = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sizes:
    """message: the most bytes of a message that is received."""

    message: int

    @classmethod
    def of(cls, options: Mapping[str, int | str | bytes]) -> "Sizes":
        """Those of a channel. Raises InvalidRequest where its options leave too little room."""
        most = options[RECEIVED]
        if not isinstance(most, int) or not 0 <= most <= _LARGEST:
            return cls(_LARGEST)
        if most < LEAST_MESSAGE:
            raise invalid("channel_options", f"must have -1 (no limit) or at least {LEAST_MESSAGE} as {RECEIVED}")
        return cls(most)

    def inline(self, asked: int | None = None) -> int:
        """The most bytes of a unary answer. Raises InvalidRequest for what no answer fits."""
        if asked is None:
            return self.message - min(_MARGIN, self.message // 2)
        if asked < _LEAST_INLINE:
            raise invalid(
                "max_inline_bytes",
                f"must be at least {_LEAST_INLINE}, for what stands beside the pictures. Pictures that do not fit are"
                " fetched apart from a server that keeps answers; stream_completion has no such limit",
            )
        return asked

    def frame(self, asked: int = 0) -> int:
        """The most bytes of a picture in a message, 0 for the server's default. Raises InvalidRequest for too many."""
        most = self.message // 2
        if asked > most:
            raise invalid(
                "max_frame_bytes", f"must be at most {most}, half of max_message_bytes; ask for less, or raise that"
            )
        return asked or (0 if most >= _USUAL_FRAME else most)
