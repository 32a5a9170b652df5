"""What is learned of one call on its way, for the log line and the trailers. It never holds a prompt or a key."""

from dataclasses import dataclass


@dataclass(slots=True)
class Record:
    """model: as the table resolved it. attempts: upstream calls. bytes: of pictures handed on. Times in seconds."""

    model: str = ""
    completion_id: str = ""
    attempts: int = 0
    events: int = 0
    image_bytes: int = 0
    first_image_byte: float | None = None
    finish_reason: str = ""
