"""Words that somebody types into a chat who wants to leave, or to be helped."""

import re

_WORDS = re.compile(
    r"abort|bye|cancel|clear|close|cls|commands|config|done|end|exit|goodbye|help|history|info|logout|ls|menu"
    r"|models?|no|ok|okay|options|pwd|quit|redo|reset|restart|resume|retry|save|settings|status|stop|undo|usage|version"
    r"|yes|[hnqy0-9]|[!-/:-@\[-`{-~]*"
)


def looks_like_a_command(line: str) -> bool:
    """Whether it is such a word or a character alone: hardly a picture that is worth its price."""
    return _WORDS.fullmatch(line.strip("/:;.!?()- ").lower()) is not None
