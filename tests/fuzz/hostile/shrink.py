"""Makes a failing case smaller: pieces of its bytes go while it fails in the same way."""

from collections.abc import Awaitable, Callable

from tests.fuzz.hostile.case import Case


async def shrunk(case: Case, fails: Callable[[Case], Awaitable[bool]], most: int = 200) -> Case:
    """The smallest case found within so many trials."""
    case = case.with_body(case.data)
    size = len(case.body) // 2
    while size and most > 0:
        at = 0
        while at < len(case.body) and most > 0:
            smaller = case.with_body(case.body[:at] + case.body[at + size :])
            most -= 1
            if await fails(smaller):
                case = smaller
            else:
                at += size
        size //= 2
    return case
