"""Options that are the provider's own and every endpoint takes alike: service tier, safety, output, search."""

import binascii
from typing import Any, TypeVar

import pybase64

from imagewire_server.contract import pb
from imagewire_server.dialects.openai.options import set_once
from imagewire_server.dialects.openai.reading import Reading
from imagewire_server.dialects.openai.shared_request import OutputConfig, ProviderOptions, SearchOptions, TimeRange

_T = TypeVar("_T")

# OpenAI's words for Google's; the others are the same.
_TIERS = {"auto": "", "default": "standard"}
_SEARCHES = {"webSearch": "WEB", "imageSearch": "IMAGE"}


def read(reading: Reading, given: ProviderOptions) -> None:
    """Take them over into the spec."""
    spec = reading.spec
    if given.service_tier is not None:
        spec.service_tier = _TIERS.get(given.service_tier, given.service_tier)
        reading.came_from("service_tier", "service_tier")
    for field, settings in (("safety_settings", given.safety_settings), ("safetySettings", given.safety_settings_)):
        for i, setting in enumerate(settings or ()):
            path = f"safety_settings[{len(spec.safety_settings)}]"
            reading.came_from(path, f"{field}[{i}]")
            for name in ("category", "threshold", "method"):
                reading.came_from(f"{path}.{name}", f"{field}[{i}].{name}")
            spec.safety_settings.add(
                category=setting.category, threshold=setting.threshold, method=setting.method or ""
            )
            reading.came_from("safety_settings", field)
    for field, config in (("output_config", given.output_config), ("outputConfig", given.output_config_)):
        if config is not None:
            _output(reading, config, field)
    for field, token in (
        ("continuation_token", given.continuation_token),
        ("continuationToken", given.continuation_token_),
    ):
        if token is not None:
            _continue(reading, token, field)


def _output(reading: Reading, given: OutputConfig, field: str) -> None:
    target = reading.spec.output_config
    target.SetInParent()
    reading.came_from("output_config", field)
    for name, value in (
        ("uri_prefix", given.uri_prefix),
        ("uriPrefix", given.uri_prefix_),
        ("output_uri_prefix", given.output_uri_prefix),
        ("outputUriPrefix", given.output_uri_prefix_),
    ):
        set_once(reading, target, "uri_prefix", value, f"{field}.{name}", "output_config")


def _continue(reading: Reading, token: str, field: str) -> None:
    try:
        value = pybase64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        reading.refuse(field, "holds no valid base64; send it as the answer had it")
        return
    known = reading.spec.continuation_token
    if known and known != value:
        reading.refuse(field, "says otherwise than continuation_token; set one of them")
    reading.spec.continuation_token = value
    reading.came_from("continuation_token", field)


def searches(reading: Reading, asked: list[tuple[str, SearchOptions]]) -> None:
    """Google's search among the tools, once. asked: each with the caller's field; other options twice are refused."""
    told = [one for one in asked if one[1] != type(one[1])()] or asked
    if not told:
        return
    path = f"tools[{len(reading.spec.tools)}].google_search"
    reading.spec.tools.add(google_search=_search(reading, told[0][1], told[0][0], path))
    for field, options in told[1:]:
        if options != told[0][1]:
            reading.refuse(field, f"says otherwise than {told[0][0]}; set one of them")


def _search(reading: Reading, given: SearchOptions, field: str, path: str) -> pb.GoogleSearch:
    """Google's search with its options. path: where it will stand in the spec."""
    made = pb.GoogleSearch()
    reading.came_from(path, field)

    def one(name: str, *spellings: tuple[str, _T | None]) -> tuple[str, _T] | None:
        """The value of one of the spellings; a second, different one is refused."""
        found = [(f"{field}.{spelling}", value) for spelling, value in spellings if value is not None]
        for other, value in found[1:]:
            if value != found[0][1]:
                reading.refuse(other, f"says otherwise than {found[0][0]}; set one of them")
        if found:
            reading.came_from(f"{path}.{name}", found[0][0])
        return found[0] if found else None

    types = (
        ("search_types", _types(reading, f"{field}.search_types", given.search_types)),
        ("searchTypes", _types(reading, f"{field}.searchTypes", given.search_types_)),
    )
    if searched := one("search_types", *types):
        made.search_types.extend(searched[1])
    domains = ("exclude_domains", given.exclude_domains), ("excludeDomains", given.exclude_domains_)
    if excluded := one("exclude_domains", *domains):
        made.exclude_domains.extend(excluded[1])
    confidences = ("blocking_confidence", given.blocking_confidence), ("blockingConfidence", given.blocking_confidence_)
    if confidence := one("blocking_confidence", *confidences):
        made.blocking_confidence = confidence[1]
    spans = (
        ("time_range", given.time_range),
        ("time_range_filter", given.time_range_filter),
        ("timeRangeFilter", given.time_range_filter_),
    )
    if span := one("time_range", *spans):
        _time_range(reading, span[1], made.time_range, span[0])
    return made


def _types(reading: Reading, field: str, given: list[str] | dict[str, Any] | None) -> list[str] | None:
    """Our list, or Google's object with an empty object for each type."""
    if given is None or isinstance(given, list):
        return given
    for name, value in given.items():
        if name not in _SEARCHES or value:
            reading.refuse(f"{field}.{name[:64]}", "is not taken; use webSearch and imageSearch, each an empty object")
    return [_SEARCHES[name] for name in given if name in _SEARCHES]


def _time_range(reading: Reading, given: TimeRange, made: pb.TimeRange, field: str) -> None:
    made.SetInParent()
    for target, spellings in (
        (made.start_time, (("start_time", given.start_time), ("startTime", given.start_time_))),
        (made.end_time, (("end_time", given.end_time), ("endTime", given.end_time_))),
    ):
        values = [(name, value) for name, value in spellings if value is not None]
        if len(values) != 1:
            reading.refuse(f"{field}.{spellings[0][0]}", "is required, once, as 2026-01-31T00:00:00Z")
            continue
        try:
            target.FromJsonString(values[0][1])
        except ValueError:
            reading.refuse(f"{field}.{values[0][0]}", "is no time in RFC 3339, as 2026-01-31T00:00:00Z")
