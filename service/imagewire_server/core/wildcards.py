"""Which deployments a name belongs to by a model_name with "*": those of one pattern, chosen as LiteLLM chooses it."""

from collections.abc import Callable, Sequence

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.name_patterns import filled, fits, match, rank
from imagewire_server.config.routing import Routing


class Wildcards:
    """The patterns of a configuration. claimed: the provider that a model without one belongs to, "" for none."""

    def __init__(
        self, deployments: Sequence[Deployment], routing: Routing, claimed: Callable[[str], str] = lambda name: ""
    ) -> None:
        self._deployments = deployments
        self._kept_out = routing.blocked | routing.skipped
        self._skipped = routing.skipped
        self._claimed = claimed
        patterns: dict[str, list[int]] = {}
        for number, one in enumerate(deployments):
            if "*" in one.name:
                patterns.setdefault(one.part_of or one.name, []).append(number)
        # Of several of the same rank, the first one of the file comes first.
        self._patterns = sorted(patterns.items(), key=lambda one: rank(one[0]), reverse=True)

    def find(self, name: str) -> list[tuple[int, str]]:
        """The deployments of a name, as positions, each with the model that it is asked for; none if none serves it."""
        if name in self._kept_out:
            return []
        provider = self._claimed(name)
        for one in [name, f"{provider}/{name}"] if provider else [name]:
            for pattern, numbers in self._patterns:
                if found := [(number, model) for number in numbers if (model := self._model(number, one))]:
                    return [] if self._is_kept_out(one, rank(pattern)) else found
        return []

    def is_skipped(self, name: str) -> bool:
        """Whether the file has a name for models that no provider of this server serves."""
        return name in self._skipped or any(fits(pattern, name) for pattern in self._skipped)

    def _is_kept_out(self, name: str, served_by: tuple[int, int]) -> bool:
        """Whether a pattern that is not served comes before the one that would serve a name."""
        return any("*" in one and rank(one) >= served_by and fits(one, name) for one in self._kept_out)

    def _model(self, number: int, name: str) -> str:
        one = self._deployments[number]
        parts = match(one.name, name)
        # Of "*", the text is a bare id, which a provider that is not served is not.
        if parts is None or (one.name == "*" and "*" in one.model and "/" in name):
            return ""
        return filled(one.model, parts)
