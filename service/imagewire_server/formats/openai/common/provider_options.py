"""The provider's own options, the same for every endpoint: service tier, safety, output, search."""

from typing import Any, TypeVar

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import data_uri
from imagewire_server.formats.openai.common.options import said_once, set_once
from imagewire_server.formats.openai.common.shared_request import (
    OutputConfig,
    ProviderOptions,
    SearchOptions,
    TimeRange,
)
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder

_T = TypeVar("_T")

# OpenAI's names of service tiers, to Google's; the others are the same.
_TIERS = {"auto": "", "default": "standard"}
_SEARCHES = {"webSearch": "WEB", "imageSearch": "IMAGE"}


def read(builder: SpecBuilder, given: ProviderOptions) -> None:
    """Add the options to the spec."""
    spec = builder.spec
    if given.service_tier is not None:
        spec.service_tier = _TIERS.get(given.service_tier, given.service_tier)
        builder.from_field("service_tier", "service_tier")
        if not spec.service_tier:
            builder.cleared.add("service_tier")
    for field, settings in (("safety_settings", given.safety_settings), ("safetySettings", given.safety_settings_)):
        for i, setting in enumerate(settings or ()):
            path = f"safety_settings[{len(spec.safety_settings)}]"
            builder.from_field(path, f"{field}[{i}]")
            for name in ("category", "threshold", "method"):
                builder.from_field(f"{path}.{name}", f"{field}[{i}].{name}")
            spec.safety_settings.add(
                category=setting.category, threshold=setting.threshold, method=setting.method or ""
            )
            builder.from_field("safety_settings", field)
    for field, config in (("output_config", given.output_config), ("outputConfig", given.output_config_)):
        if config is not None:
            _output(builder, config, field)
    tokens = ("continuation_token", given.continuation_token), ("continuationToken", given.continuation_token_)
    if token := said_once(builder, tokens):
        _continue(builder, *token)


def _output(builder: SpecBuilder, given: OutputConfig, field: str) -> None:
    target = builder.spec.output_config
    target.SetInParent()
    builder.from_field("output_config", field)
    for name, value in (
        ("uri_prefix", given.uri_prefix),
        ("uriPrefix", given.uri_prefix_),
        ("output_uri_prefix", given.output_uri_prefix),
        ("outputUriPrefix", given.output_uri_prefix_),
    ):
        set_once(builder, target, "uri_prefix", value, f"{field}.{name}", "output_config")


def _continue(builder: SpecBuilder, field: str, token: str) -> None:
    try:
        builder.spec.continuation_token = data_uri.decoded(token)
    except ValueError as error:
        builder.refuse(field, f"{error}; send it unchanged")
    builder.from_field("continuation_token", field)


def searches(builder: SpecBuilder, asked: list[tuple[str, SearchOptions]]) -> None:
    """Add Google's search to the tools, once. asked: each request, with its field; different options are refused."""
    if not asked:
        return
    told = [one for one in asked if one[1] != type(one[1])()] or asked
    path = f"tools[{len(builder.spec.tools)}].google_search"
    if search := said_once(builder, told):
        builder.spec.tools.add(google_search=_search(builder, search[1], search[0], path))


def _search(builder: SpecBuilder, given: SearchOptions, field: str, path: str) -> pb.GoogleSearch:
    """Google's search with its options. path: its path in the spec."""
    made = pb.GoogleSearch()
    builder.from_field(path, field)

    def one(name: str, *spellings: tuple[str, _T | None]) -> tuple[str, _T] | None:
        """The value of a field with several spellings, and the spelling used."""
        found = said_once(builder, [(f"{field}.{spelling}", value) for spelling, value in spellings])
        if found:
            builder.from_field(f"{path}.{name}", found[0])
        return found

    types = (
        ("search_types", _types(builder, f"{field}.search_types", given.search_types)),
        ("searchTypes", _types(builder, f"{field}.searchTypes", given.search_types_)),
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
        _time_range(builder, span[1], made.time_range, span[0])
    return made


def _types(builder: SpecBuilder, field: str, given: list[str] | dict[str, Any] | None) -> list[str] | None:
    """Our list, or Google's object with an empty object per type."""
    if given is None or isinstance(given, list):
        return given
    for name, value in given.items():
        if name not in _SEARCHES or value:
            builder.refuse(
                f"{field}.{name[:64]}", "is not supported; use webSearch and imageSearch, each with an empty object"
            )
    return [_SEARCHES[name] for name in given if name in _SEARCHES]


def _time_range(builder: SpecBuilder, given: TimeRange, made: pb.TimeRange, field: str) -> None:
    made.SetInParent()
    for target, spellings in (
        (made.start_time, (("start_time", given.start_time), ("startTime", given.start_time_))),
        (made.end_time, (("end_time", given.end_time), ("endTime", given.end_time_))),
    ):
        said = said_once(builder, [(f"{field}.{name}", value) for name, value in spellings])
        if said is None:
            builder.refuse(f"{field}.{spellings[0][0]}", "is required, for example 2026-01-31T00:00:00Z")
            continue
        try:
            target.FromJsonString(said[1])
        except ValueError:
            builder.refuse(said[0], "is not an RFC 3339 time; send for example 2026-01-31T00:00:00Z")
