"""From a model's name to who serves it."""

from collections.abc import Sequence
from dataclasses import dataclass

from imagewire_server.config.models import ModelFacts, ModelTable
from imagewire_server.contract.errors import NotFound
from imagewire_server.contract.provider import Provider


@dataclass(frozen=True, slots=True)
class Route:
    """provider: who is asked. native_id: the provider's id. name: the two as one, as answers name it."""

    provider: Provider
    native_id: str
    facts: ModelFacts | None

    @property
    def name(self) -> str:
        """The model's name with its provider in front."""
        return f"{self.provider.name}/{self.native_id}"


class Router:
    """Resolves names: "provider/id", or an id alone, which the first provider serves. Aliases become ids."""

    def __init__(self, providers: Sequence[Provider], models: ModelTable) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._default = providers[0]
        self._models = models

    def resolve(self, name: str) -> Route:
        """Where `name` leads. Raises NotFound when its provider is not served here."""
        prefix, slash, rest = name.partition("/")
        if not slash:
            return self._route(self._default, name)
        if prefix not in self._providers:
            served = ", ".join(f"{provider}/" for provider in self._providers)
            raise NotFound(
                f"no provider {prefix!r} is served here; names start with {served}, and ListModels lists them"
            )
        return self._route(self._providers[prefix], rest)

    def routes(self) -> list[Route]:
        """Every model of the table at every provider, ordered by name."""
        routes = [self._route(p, model.id) for p in self._providers.values() for model in self._models.models]
        return sorted(routes, key=lambda route: route.name)

    def _route(self, provider: Provider, native_id: str) -> Route:
        facts = self._models.find(native_id)
        return Route(provider, facts.id if facts else native_id, facts)
