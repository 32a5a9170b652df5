"""LiteLLM's `set_verbose`: the lines of the logger `imagewire` on the standard error."""

import logging

_logger = logging.getLogger("imagewire")
_handlers: list[logging.Handler] = []


def set_verbose(on: bool) -> None:
    """Begin to show the lines, or end it. They never have prompts, pictures or keys."""
    while _handlers:
        _logger.removeHandler(_handlers.pop())
    _logger.setLevel(logging.DEBUG if on else logging.NOTSET)
    if on:
        _handlers.append(logging.StreamHandler())
        _logger.addHandler(_handlers[0])
