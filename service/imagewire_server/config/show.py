"""A configuration as a table that a person can read. No key and no credentials are in it."""

from collections.abc import Iterator

from imagewire_server.config.keys import exposed
from imagewire_server.config.load import Config
from imagewire_server.config.settings import without_password


def table(config: Config) -> Iterator[str]:
    """The lines: each name with its deployments, what stands in for it, and what is not served."""
    for name in dict.fromkeys(deployment.name for deployment in config.deployments):
        yield name
        for deployment in config.deployments:
            if deployment.name != name:
                continue
            where = without_password(deployment.api_base) or deployment.location
            share = deployment.weight or deployment.rpm or deployment.tpm
            notes = [f"at {where}" if where else "", f"share {share:g}" if share else "", f"id {deployment.id}"]
            yield f"  {deployment.provider}/{deployment.model}  " + ", ".join(note for note in notes if note)
        for kind, fallbacks in (
            ("in trouble", config.routing.fallbacks),
            ("for blocked prompts", config.routing.content_policy_fallbacks),
        ):
            targets = dict(fallbacks).get(name, dict(fallbacks).get("*", ()))
            if targets:
                yield f"  {kind}: {', '.join(targets)}"
    if not config.deployments:
        yield "no deployments: add a model_list, or set GEMINI_API_KEY"
    routing = config.routing
    yield (
        f"chosen by {routing.strategy}; {routing.num_retries} repeats; cooldown {routing.cooldown_time:g} s"
        f" after {routing.allowed_fails} failures"
    )
    yield f"callers {'must show the master key' if config.master_key else 'need no key'}"
    for words in exposed(config.settings, config.master_key):
        yield f"warning: {words}"
    for key in config.unserved:
        yield f"not served: {key}"
