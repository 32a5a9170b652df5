"""LiteLLM's `drop_params`: leaves out what cannot be served, and remembers what that was. Sans-IO."""

import re
from dataclasses import dataclass, field
from typing import Any

from imagewire.errors import InvalidRequest, invalid
from imagewire.v1.spec_pb2 import Spec

# Fields of a Spec that a model may lack. Others are never left out: what guards, limits or is the request itself.
_SPEC = re.compile(
    r"spec\.(image_config\.(?:aspect_ratio|image_size)|labels|service_tier"
    r"|generation_config\.(?:thinking_config|media_resolution|temperature|top_p|top_k|seed|presence_penalty"
    r"|frequency_penalty|stop_sequences)"
    r"|messages\[\d+\]\.(?:parts\[\d+\]\.)?image\.detail)(?:[.\[].*)?"
)
_STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")
# The arguments' names, where they are not the Spec's.
_NAMES = {"labels": "metadata", "thinking_config": "reasoning_effort", "stop_sequences": "stop"}


@dataclass(slots=True)
class Drops:
    """names: what was left out, by the caller's names, in order. enabled: whether anything may be."""

    enabled: bool
    names: list[str] = field(default_factory=list)

    def unsupported(self, field: str, words: str) -> None:
        """Leave a field out, or raise InvalidRequest. words: what is wrong, and the remedy."""
        if not self.enabled:
            raise invalid(field, words)
        self.names.append(field)

    def clear(self, spec: Spec, error: InvalidRequest) -> bool:
        """Leave out of a Spec what the server refused. Returns whether all of it could be left out."""
        found = [_SPEC.fullmatch(violation.field) for violation in error.violations]
        paths = {match[1] for match in found if match}
        if not self.enabled or not paths or None in found:
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
        target.ClearField(last)
        name = path if last == "detail" else _NAMES.get(last, last)
        if name not in self.names:
            self.names.append(name)
