"""What every request of OpenAI's shape shares on its way to a spec: what is wrong, and where each field came from."""

from itertools import chain, islice

from imagewire_server.contract import json_values, pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.dialects.openai import picture
from imagewire_server.dialects.openai.shared_request import ImageUrl

# More than a schema or a call has; each takes a microsecond of all callers' time.
_MOST_VALUES = 100_000


class Reading:
    """A spec in the making. Its violations carry the caller's names; `origins` has them by the spec's paths."""

    def __init__(self, model: str) -> None:
        self.spec = pb.Spec(model=model)
        self.origins: dict[str, str] = {"spec.model": "model"}
        self.violations: list[Violation] = []

    def refuse(self, field: str, words: str) -> None:
        """Note what is wrong."""
        self.violations.append(Violation(field, words))

    def done(self) -> None:
        """Raise InvalidRequest when anything was wrong."""
        if self.violations:
            raise InvalidRequest(self.violations)

    def came_from(self, path: str, field: str) -> None:
        """Remember which field of the caller's a path of the spec has its value from."""
        self.origins[f"spec.{path}"] = field

    def image(self, given: ImageUrl, field: str, *, answered: bool = False) -> pb.Image:
        """A picture that a URL names or holds; something else when it was refused. answered: of an answer."""
        try:
            made = picture.read(given.url, given.detail, given.format, answered=answered)
        except ValueError as error:
            self.refuse(field, str(error))
            return pb.Image(data=b"refused")
        made.display_name = given.display_name or ""
        return made

    def struct(self, value: dict[str, object], field: str) -> pb.Struct:
        """A JSON object; an empty one when it was refused."""
        if not self.small(value, field):
            return pb.Struct()
        try:
            return json_values.struct(value)
        except ValueError:
            self.refuse(field, "is nested too deep or holds a number beyond a double's range")
            return pb.Struct()

    def small(self, value: object, field: str) -> bool:
        """Whether a JSON value holds no more values than are allowed; refused where not."""
        if not _few(value):
            self.refuse(field, f"holds more than {_MOST_VALUES} values; leave some of them out")
            return False
        return True


def in_callers_names(error: InvalidRequest, origins: dict[str, str]) -> InvalidRequest:
    """The error with the caller's names in place of the spec's paths."""
    return InvalidRequest([Violation(_named(v.field, origins), v.description) for v in error.violations])


def _named(path: str, origins: dict[str, str]) -> str:
    known = path
    while known and known not in origins:
        known = known[: max(known.rfind("."), known.rfind("["), 0)]
    if known:
        return origins[known]
    return path.removeprefix("spec.")


def _few(value: object) -> bool:
    """Whether a JSON value holds no more values than are allowed."""
    level, left = [value], _MOST_VALUES
    while level and left >= 0:
        inside = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = list(islice(chain.from_iterable(inside), left + 1))
        left -= len(level)
    return left >= 0
