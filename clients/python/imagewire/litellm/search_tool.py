"""Reads Google Search among the tools of `completion`, in all spellings in use. Sans-IO."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from imagewire.errors import invalid
from imagewire.v1.spec_pb2 import GoogleSearch, Tool

_TYPES = {"webSearch": "WEB", "imageSearch": "IMAGE"}
_FIELDS = {name: name for name in GoogleSearch.DESCRIPTOR.fields_by_name}
_FIELDS |= {field.json_name: field.name for field in GoogleSearch.DESCRIPTOR.fields}
# Google's own name of a field that the contract calls otherwise.
_FIELDS |= {"timeRangeFilter": "time_range", "time_range_filter": "time_range"}
_WORDS = {
    "time_range": '{"start_time": "2026-01-31T00:00:00Z", "end_time": …}',
    "blocking_confidence": "text",
}


def search_tools(given: Mapping[int, Any]) -> list[Tool]:
    """The tool, once. given: by their places among the tools.

    Raises InvalidRequest for another tool, and for searches whose options differ.
    """
    found: list[GoogleSearch] = []
    for i, tool in given.items():
        match tool:
            case {"type": "web_search" | "web_search_preview" | "google_search", **rest} if not rest:
                found.append(GoogleSearch())
            case {"google_search": Mapping() as options, **rest} if not rest:
                found.append(_search(options, f"tools[{i}].google_search"))
            case {"googleSearch": Mapping() as options, **rest} if not rest:
                found.append(_search(options, f"tools[{i}].googleSearch"))
            case _:
                raise invalid(f"tools[{i}]", 'must be a function, or {"google_search": {}}')
        if found[-1] != found[0]:
            raise invalid(f"tools[{i}]", "contradicts the search before it; keep one of them")
    return [Tool(google_search=found[0])] if found else []


def _search(options: Mapping[str, Any], field: str) -> GoogleSearch:
    made = GoogleSearch()
    seen: set[str] = set()
    for name, value in options.items():
        known = _FIELDS.get(name)
        if known is None:
            raise invalid(f"{field}.{name}", f"is not an option of Google Search; it has {', '.join(sorted(_FIELDS))}")
        if known in seen:
            raise invalid(f"{field}.{name}", "occurs in two spellings; keep one of them")
        seen.add(known)
        types = known == "search_types" and isinstance(value, Mapping) and not value.keys() - _TYPES.keys()
        try:
            ParseDict({known: [_TYPES[kind] for kind in value] if types else value}, made)
        except (ParseError, TypeError, ValueError):
            raise invalid(f"{field}.{name}", f"must be {_WORDS.get(known, 'a list of texts')}") from None
    return made
