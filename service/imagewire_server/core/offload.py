"""Work on large requests, beside the event loop.

One thread for all of them: Python runs one at a time anyway, and between two of its steps the loop gets its turn.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from imagewire_server.core.call import Call

_P = ParamSpec("_P")
_T = TypeVar("_T")

_lane = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large-requests")


async def worked(call: Call, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do the work for a request, at once where it is not large; what it raises is raised."""
    if call.large:
        return await beside(work, *args, **kwargs)
    return work(*args, **kwargs)


async def beside(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do the work for a large request; what it raises is raised."""
    return await asyncio.get_running_loop().run_in_executor(_lane, lambda: work(*args, **kwargs))
