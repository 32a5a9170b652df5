"""Builds a spec from a request in OpenAI's format: collects violations, and remembers the origin of each field."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from imagewire_server.contract import capability_rules, json_scan, json_values, pb, validation
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.limits import MOST_VALUES
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common import data_uri, droppable, without_effect
from imagewire_server.formats.openai.common.cache import CacheOptions
from imagewire_server.formats.openai.common.shared_request import ImageUrl

# The maximum number of violations in an error, and what is said of the others.
_MOST_NAMED = 64
_MEND = "mend these first, then send it again"


class SpecBuilder:
    """A spec that is being built. Violations have the caller's names; `origins` maps the spec's paths to them.

    drops: whether options that the model does not support are left out; `dropped` names them.
    """

    def __init__(self, model: str, *, drops: bool = False) -> None:
        self.drops = drops
        self.dropped: list[str] = []
        self.cleared: set[str] = set()  # paths of the spec that have no default: the caller asks for nothing there
        self.tells_picture = False  # whether the answer tells which size and ratio were chosen
        self.timeout: float | None = None  # the caller's, in seconds
        self.cache = CacheOptions()  # what the request wants of the answer cache
        self.fallbacks: list[str] | None = None  # models to ask instead of the file's fallbacks
        self.explains_mask = False  # whether a mask is sent as a picture
        self._capabilities = Capabilities()
        self.spec = pb.Spec(model=model)
        self.origins: dict[str, str] = {"spec.model": "model"}
        self.violations: list[Violation] = []
        self._more: int | None = 0  # how many violations are not named, at the least; None if there may be some
        self._values_left = MOST_VALUES  # in texts that contain JSON
        self.names_pictures = False  # whether any picture is a URL, so that it may have to be fetched

    def refuse(self, field: str, words: str) -> None:
        """Add a violation."""
        if len(self.violations) < _MOST_NAMED:
            self.violations.append(Violation(field, words))
        else:
            self.refuse_more(1)

    def refuse_more(self, count: int | None) -> None:
        """Count violations that are not named. count: at the least; None if there may be some."""
        self._more = (self._more or 0) + count if count else self._more or count

    def is_refused(self, field: str) -> bool:
        """Whether a field has a violation."""
        return any(one.field == field for one in self.violations)

    def unsupported(self, field: str, words: str) -> None:
        """Add a violation for an option that the model does not support, or leave it out."""
        if self.drops:
            self.dropped.append(field)
        else:
            self.refuse(field, words)

    def done(self, capabilities: Capabilities) -> None:
        """Raise InvalidRequest if there are violations: with all that can be found, also those of later checks."""
        self._capabilities = capabilities
        self.cleared |= without_effect.remove(self.spec, capabilities)
        if self.drops:
            self._drop()
        if self.violations:
            raise self._all(self.violations)

    def check(self) -> None:
        """Check the finished spec by the contract. Raises InvalidRequest, with what the model does not support too."""
        try:
            validation.check(self.spec, "spec")
        except InvalidRequest:
            raise self._all([]) from None

    def later(self) -> list[Violation]:
        """What the checks of the finished spec find, in the caller's names: the contract's and the capabilities'."""
        found = validation.violations(self.spec, "spec")
        if len(found) < _MOST_NAMED:
            try:
                capability_rules.check(self.spec, self._known_capabilities())
            except InvalidRequest as error:
                found += error.violations
        return list(in_callers_names(InvalidRequest(found), self.origins).violations) if found else []

    def _known_capabilities(self) -> Capabilities:
        """Those of the model; without a list of fields, no field is refused."""
        given = self._capabilities
        return given if given.fields else replace(given, fields=frozenset(validation.CHECKS))

    def _all(self, found: list[Violation]) -> InvalidRequest:
        """The error with these violations and those of later checks, each field once."""
        later = self.later()
        more = {one.field: one for one in reversed(not_following(later, found))}
        # The contract's checks stop at that number too.
        if len(later) >= _MOST_NAMED:
            self.refuse_more(None)
        return refusal([*found, *reversed(more.values())], more=self._more)

    def _drop(self) -> None:
        """Leave out what the model does not support."""
        try:
            capability_rules.check(self.spec, self._known_capabilities())
        except InvalidRequest as error:
            for one in error.violations:
                if cleared := droppable.clear(self.spec, one.field):
                    inside = [field for path, field in self.origins.items() if follows(cleared, path)]
                    names = inside or [named(one.field, self.origins)]
                    self.dropped += [name for name in dict.fromkeys(names) if name not in self.dropped]

    @property
    def may_have_drafts(self) -> bool:
        """Whether the answer may have drafts: the model thinks, or may."""
        return self._capabilities.thinks

    @property
    def chosen_picture(self) -> str:
        """The size and the aspect ratio that were chosen for what the caller asked, "" if it is the same."""
        if not self.tells_picture:
            return ""
        given = self.spec.image_config
        return f"{given.image_size or self._capabilities.default_image_size} {given.aspect_ratio}".rstrip()

    def from_field(self, path: str, field: str) -> None:
        """Remember the caller's field from which a path of the spec has its value."""
        self.origins[f"spec.{path}"] = field

    def image_from_field(self, path: str, url: str, beside: str = "") -> None:
        """Remember the origin of the Image at a path. url: the field of its URL; beside: the object around that."""
        beside = beside or url.removesuffix(".url")
        self.from_field(path, url)
        for name, field in (("mime_type", "format"), ("detail", "detail"), ("display_name", "display_name")):
            self.from_field(f"{path}.{name}", f"{beside}.{field}")

    def image(self, given: ImageUrl, field: str, *, answered: bool = False) -> pb.Image:
        """The picture of a URL; an empty one if it was refused. answered: it is from an answer."""
        try:
            made = data_uri.read(given.url, given.detail, given.format, answered=answered)
        except ValueError as error:
            self.refuse(field, str(error))
            return pb.Image(data=b"refused", mime_type="image/png")  # so that its type is not named too
        if given.display_name:
            made.display_name = given.display_name
        self.names_pictures = self.names_pictures or bool(made.uri)
        return made

    def struct(self, value: dict[str, object], field: str) -> pb.Struct:
        """A JSON object; an empty one if it was refused."""
        try:
            return json_values.struct(value)
        except ValueError:
            self.refuse(field, "is nested too deeply, or has a number outside the range of a double")
            return pb.Struct()

    def is_small(self, text: str, field: str) -> bool:
        """Whether the JSON texts of a request, taken together, stay within the limits; refused if not."""
        if text.lstrip(" \t\r\n")[:1] not in {"{", "["}:
            return True
        try:
            self._values_left -= json_scan.values(text.encode("utf-8", "surrogatepass"), field, self._values_left)
        except InvalidRequest as error:
            self.violations += error.violations
            self._values_left = 0
            return False
        return True


@dataclass(frozen=True, slots=True)
class _More(Violation):
    """The last line of an error. count: of the wrong fields that it does not name, at the least; None for unknown."""

    count: int | None


def refusal(found: Sequence[Violation], *, more: int | None = 0) -> InvalidRequest:
    """The error with these violations. The last line tells how many more there are, at the least.

    more: how many there are beside `found`, at the least; None if there may be some.
    """
    named = [one for one in found if not isinstance(one, _More)]
    counts = [more, *(one.count for one in found if isinstance(one, _More))]
    count = max(len(named) - _MOST_NAMED, 0) + sum(count or 0 for count in counts)
    if not count and None not in counts:
        return InvalidRequest(named)
    words = (
        f"has at least {count} more wrong field{'s' * (count > 1)}"
        if count
        else "may have more wrong fields than these"
    )
    return InvalidRequest([*named[:_MOST_NAMED], _More("", f"{words}; {_MEND}", count or None)])


def not_following(violations: Iterable[Violation], earlier: Iterable[Violation]) -> list[Violation]:
    """The violations that do not follow from earlier ones, whose fields were left out."""
    named = {one.field for one in earlier}
    return [
        one for one in violations if not any(follows(one.field, name) or follows(name, one.field) for name in named)
    ]


def follows(field: str, earlier: str) -> bool:
    """Whether a field is, or has in it, the one with an earlier violation."""
    return earlier == field or earlier.startswith((f"{field}.", f"{field}["))


def in_callers_names(error: InvalidRequest, origins: dict[str, str]) -> InvalidRequest:
    """The error with the caller's names instead of the spec's paths."""
    return InvalidRequest([Violation(named(v.field, origins), v.description) for v in error.violations])


def named(path: str, origins: dict[str, str]) -> str:
    """The caller's name of a path of the spec."""
    known = path
    while known and known not in origins:
        known = known[: max(known.rfind("."), known.rfind("["), 0)]
    if known:
        return origins[known]
    return path.removeprefix("spec.")
