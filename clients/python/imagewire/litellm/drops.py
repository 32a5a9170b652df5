"""LiteLLM's `drop_params`: leaves out what cannot be served, and remembers what that was. Sans-IO."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagewire import spellings
from imagewire.errors import InvalidRequest, invalid
from imagewire.litellm.guards import has_guard
from imagewire.v1.spec_pb2 import Spec
from imagewire.violation import Violation

# Fields of a Spec that a model may lack. Others are never left out: what guards, limits or is the request itself, and
# what is wrong for each model.
_SPEC = re.compile(
    r"spec\.(image_config\.(?:aspect_ratio|image_size)|labels|service_tier"
    r"|generation_config\.(?:thinking_config|media_resolution)"
    r"|messages\[\d+\]\.(?:parts\[\d+\]\.)?image\.detail)(?:[.\[].*)?"
)
_STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")
# The arguments for fields of a Spec, where they have other names. Those inside them have no name of their own.
_NAMES = {
    "generation_config.thinking_config": "reasoning_effort",
    "generation_config.stop_sequences": "stop",
    "generation_config.max_output_tokens": "max_tokens",
    "output_config": "output_config",
    "tool_config": "tool_choice",
    "labels": "metadata",
}
# Arguments without which the answer is not what was asked for. The server's REST refuses the same ones.
_KEPT = frozenset({"n", "functions", "function_call"})
_PREFIXES = ("generation_config.", "image_config.")


def argument(path: str) -> str:
    """The argument for a path of a Spec, such as "spec.labels"."""
    inner = path.removeprefix("spec.")
    for known, name in _NAMES.items():
        if re.match(rf"{re.escape(known)}(?:[.\[]|$)", inner):
            return name
    prefix = next((prefix for prefix in _PREFIXES if inner.startswith(prefix)), "")
    return inner.removeprefix(prefix)


def name_arguments(error: InvalidRequest) -> None:
    """Give the server's violations the names of the arguments, also in the error's text."""
    made = []
    for violation in error.violations:
        name = argument(violation.field)
        error.message = error.message.replace(violation.field, name)
        made.append(Violation(name, violation.description))
    error.violations = tuple(made)
    error.args = (error.message,)


@dataclass(slots=True)
class Drops:
    """names: what was left out, by the caller's names, in order. enabled: whether anything may be.

    choices: paths of a Spec that were chosen for the caller, so that they may be left out in any case. tells_picture:
    whether the answer tells which size and ratio were chosen.
    """

    enabled: bool
    names: list[str] = field(default_factory=list)
    choices: set[str] = field(default_factory=set)
    tells_picture: bool = False

    def unsupported(self, field: str, words: str, value: object = None) -> None:
        """Leave a field out, or raise InvalidRequest. words: what is wrong, and the remedy. value: may hold guards."""
        if not self.enabled:
            raise invalid(field, words)
        if field in _KEPT:
            raise invalid(field, f"{words}; drop_params does not leave it out")
        if has_guard(field, value):
            raise invalid(field, f"{words}; drop_params leaves out nothing that guards or limits")
        self.names.append(field)

    def cache_control(self, value: object, field: str) -> None:
        """A mark for a cache, which changes nothing: Google needs none. Raises InvalidRequest for other objects."""
        is_mark = isinstance(value, Mapping) and value.get("type") == "ephemeral" and value.keys() <= {"type", "ttl"}
        if value is not None and not is_mark:
            self.unsupported(f"{field}.cache_control", 'must be {"type": "ephemeral"}; leave it out', value)

    def clear(self, spec: Spec, error: InvalidRequest) -> bool:
        """Leave out of a Spec what the server refused. Returns whether all of it could be left out."""
        found = [_SPEC.fullmatch(violation.field) for violation in error.violations]
        paths = {match[1] for match in found if match}
        if not paths or None in found or not (self.enabled or paths <= self.choices):
            return False
        for path in sorted(paths):
            self._clear(spec, path)
        return True

    def _clear(self, spec: Spec, path: str) -> None:
        *above, (last, _) = _STEP.findall(path)
        target: Any = spec
        for name, index in above:
            target = getattr(target, name)
            target = target[int(index)] if index else target
        # A model that has no sizes draws the usual one.
        is_usual = path in self.choices and getattr(target, last) == spellings.USUAL
        target.ClearField(last)
        name = argument(path)
        if name not in self.names and not is_usual:
            self.names.append(name)
