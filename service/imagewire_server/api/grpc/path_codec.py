"""A request whose path is not UTF-8 must not end the server.

gRPC's main loop decodes the path strictly, and nothing catches the error: one such request, from anyone, shuts the
whole server down (grpcio 1.85). The path cannot be checked before, so decoding itself is changed: in that loop
alone, invalid bytes are replaced. The path then names a method that does not exist.
"""

import asyncio
import codecs

_MAIN_LOOP = "_server_main_loop"


def tolerate_odd_paths() -> None:
    """Do so for this process."""
    codecs.register_error("strict", _strict)


def _strict(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and _in_grpcs_main_loop():
        return "\ufffd", error.end
    raise error


def _in_grpcs_main_loop() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no loop runs in this thread
        return False
    return task is not None and getattr(task.get_coro(), "__name__", "") == _MAIN_LOOP
