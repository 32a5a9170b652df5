"""Words that somebody types into a chat who wants to leave, or to be helped."""

import re

_WORDS = re.compile(
    r"bye|cancel|clear|close|cls|done|end|exit|goodbye|help|history|logout|ls|menu|q|quit|reset|restart|resume|retry|save"
    r"|stop|undo"
)


def looks_like_a_command(line: str) -> bool:
    """Whether it is such a word alone: hardly a picture that is worth its price."""
    return _WORDS.fullmatch(line.strip("/:;.!?() ").lower()) is not None
