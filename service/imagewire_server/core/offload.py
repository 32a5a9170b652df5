"""Work on large requests, in a thread of its own, so that the event loop stays free.

One thread for all of them: Python runs one thread at a time anyway, and the event loop gets its turn in between.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from imagewire_server.core.call import Call

_P = ParamSpec("_P")
_T = TypeVar("_T")

_lane = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large-requests")


async def run_for_call(call: Call, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do the work for a call: in the thread if its request is large, else at once. Raises what the work raises."""
    if call.large:
        return await run_in_thread(work, *args, **kwargs)
    return work(*args, **kwargs)


async def run_in_thread(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do the work in the thread. Raises what the work raises."""
    return await asyncio.get_running_loop().run_in_executor(_lane, lambda: work(*args, **kwargs))
