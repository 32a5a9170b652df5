"""Reads a request: its body becomes a request of its endpoint, and that a spec. One error names every wrong field."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import InvalidRequest, NotFound, Violation
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common import cache, fallbacks, given_twice, json_decode, timeout, wrong_fields
from imagewire_server.formats.openai.common.cache import FIELD, Cache
from imagewire_server.formats.openai.common.fallbacks import CapabilitiesOf
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder, follows, not_following, refusal


class Request(Protocol):
    """What the requests of all endpoints have."""

    model: str
    drop_params: bool | None
    fallbacks: list[str | dict[str, Any]] | None
    timeout: float | str | None
    cache: Cache | None


_R = TypeVar("_R", bound=Request)
# Makes a request's spec. Raises InvalidRequest.
SpecOf = Callable[[_R, Capabilities], SpecBuilder]


def read(
    body: json_scan.Json,
    kind: type[_R],
    spec_of: SpecOf[_R],
    capabilities: CapabilitiesOf,
    *,
    drops: bool = False,
    path_names_model: bool = False,
) -> tuple[_R, SpecBuilder]:
    """Read a JSON body. Raises InvalidRequest with every wrong field. drops: drop_params if the request has none.

    path_names_model: the last of two models is that of the path.

    A bytearray is emptied as soon as the request has its values, before pictures are decoded.
    """
    try:
        found = wrong_fields.Found(json_decode.decode(body, kind))
    except InvalidRequest as error:
        if error.violations[0].field == "body":
            raise
        found = wrong_fields.of_body(body, kind, drops=drops)
    twice = given_twice.of_body(body)
    found.violations += [one for one in twice if not (path_names_model and one.field == "model")]
    if not found.violations and isinstance(body, bytearray):
        body.clear()
    return _mended(found, spec_of, capabilities, drops=drops)


def read_form(
    fields: dict[str, object],
    kind: type[_R],
    spec_of: SpecOf[_R],
    capabilities: CapabilitiesOf,
    *,
    drops: bool = False,
    wrong: Sequence[Violation] = (),
) -> tuple[_R, SpecBuilder]:
    """Read the fields of a form, all of them text or decoded JSON. Raises InvalidRequest with every wrong field.

    wrong: those that were found before, and are not among the fields.
    """
    found = wrong_fields.of_value(fields, kind, drops=wrong_fields.wants_drops(fields, drops), text=True)
    found.violations = [*wrong, *not_following(found.violations, wrong)]
    return _mended(found, spec_of, capabilities, drops=drops)


def _mended(
    found: wrong_fields.Found[_R], spec_of: SpecOf[_R], capabilities: CapabilitiesOf, *, drops: bool
) -> tuple[_R, SpecBuilder]:
    """Make the spec of what is left of a request; what is wrong in that is named too."""
    request = found.request
    if request is None:
        needed = [Violation(name, "is not supported; leave it out") for name in found.dropped]
        raise refusal(found.violations or needed or [Violation("body", "has too many wrong fields")], more=found.more)
    if drops and request.drop_params is None:
        request.drop_params = True
    try:
        known, unknown = capabilities(request.model), []
    except NotFound as error:
        known, unknown = Capabilities(), [Violation("model", error.message)]
    others = fallbacks.read(request.fallbacks, capabilities, drops=bool(request.drop_params))
    seconds, wrong = _timeout(request.timeout)
    cached, wrong_cache = cache.read(request.cache)
    first = [*found.violations, *not_following([*others.violations, *wrong, *wrong_cache], found.violations)]
    later: Sequence[Violation] = ()
    builder = None
    try:
        builder = spec_of(request, known)
        if first or unknown:
            later = builder.later()
    except InvalidRequest as error:
        later = error.violations
    sure = [one for one in later if not any(follows(place, one.field) for place in found.unsure)]
    once = {one.field: one for one in reversed(not_following(sure, first))}
    every = [*first, *reversed(once.values())]
    if every or builder is None:  # of a request of which only the model is unknown, the call itself tells
        raise refusal([*every, *not_following(unknown, every)], more=found.more)
    builder.dropped[:0] = [*found.dropped, *others.dropped]
    builder.fallbacks, builder.timeout, builder.cache = others.names, seconds, cached
    builder.origins[FIELD] = cached.field
    return request, builder


def _timeout(given: float | str | None) -> tuple[float | None, list[Violation]]:
    if given is None:
        return None, []
    try:
        return timeout.seconds(given), []
    except ValueError:
        return None, [Violation("timeout", timeout.WORDS)]
