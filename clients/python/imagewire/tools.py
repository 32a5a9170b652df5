"""Tools that a model may use, as the contract's."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from imagewire.v1.spec_pb2 import GoogleSearch, TimeRange, Tool


def google_search(
    *,
    search_types: Iterable[Literal["WEB", "IMAGE"]] = (),
    exclude_domains: Iterable[str] = (),
    time_range: tuple[datetime, datetime] | None = None,
    blocking_confidence: str = "",
) -> Tool:
    """Google's search, for the option `tools`.

    search_types: what to search, the web by default. exclude_domains: whose results are left out, on Vertex AI.
    time_range: only results from the first time on and before the second, UTC where they have no time zone, on the
    Gemini API. blocking_confidence: leave out sites that are dangerous with this confidence, on Vertex AI.
    Raises TypeError for an option of the wrong kind.
    """
    if isinstance(search_types, str) or isinstance(exclude_domains, str):
        raise TypeError("search_types and exclude_domains: each must be a list; put it into one")
    search = GoogleSearch(
        search_types=search_types, exclude_domains=exclude_domains, blocking_confidence=blocking_confidence
    )
    if time_range is not None:
        search.time_range.CopyFrom(_span(time_range))
    return Tool(google_search=search)


def _span(given: object) -> TimeRange:
    match given:
        case (datetime() as first, datetime() as last):
            made = TimeRange()
            made.start_time.FromDatetime(first)
            made.end_time.FromDatetime(last)
            return made
    raise TypeError("time_range: must be a pair of datetimes, the first and the last")
