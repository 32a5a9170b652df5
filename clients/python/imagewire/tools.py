"""Makes the tools that a model may use."""

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
    """Make the tool Google Search, for the option `tools`.

    Args:
        search_types: What to search: "WEB", "IMAGE" or both. Default: the web.
        exclude_domains: Sites whose results are left out. Vertex AI only.
        time_range: Only results from the first time on and before the second; UTC where they have no time zone. Gemini
            API only.
        blocking_confidence: Leaves out sites that are dangerous with at least this confidence, such as
            "BLOCK_LOW_AND_ABOVE". Vertex AI only.

    Returns:
        The tool.

    Raises:
        TypeError: An argument is of the wrong type.

    Examples:
        >>> search = imagewire.google_search(search_types=["WEB", "IMAGE"])
        >>> spec = imagewire.build_spec(prompt="Today's weather in Oslo, as a poster", tools=[search])
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
