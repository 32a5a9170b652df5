"""LiteLLM's `set_verbose`: the lines of the logger `imagewire` on the standard error."""

import logging

_logger = logging.getLogger("imagewire")
# What shows the lines, and the level that the logger had before.
_shown: list[tuple[logging.Handler, int]] = []


def set_verbose(on: bool) -> None:
    """Begin to show the lines, or end it. They never have prompts, pictures or keys."""
    while _shown:
        handler, level = _shown.pop()
        _logger.removeHandler(handler)
        _logger.setLevel(level)
    if on:
        _shown.append((logging.StreamHandler(), _logger.level))
        _logger.addHandler(_shown[0][0])
        _logger.setLevel(logging.DEBUG)
