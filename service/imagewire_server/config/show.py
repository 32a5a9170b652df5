"""Shows a configuration to people: its routing table, and how to set up a provider. Never shows keys or credentials."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from imagewire_server.config import cache_times
from imagewire_server.config.caller_policies import LIMITS, METHODS
from imagewire_server.config.keys import exposed
from imagewire_server.config.load import Config, ConfigError
from imagewire_server.config.providers import ProviderConfig, SetUp
from imagewire_server.config.shown_url import without_password
from imagewire_server.contract.provider import ImagePrice, TokenPrice

if TYPE_CHECKING:
    from imagewire_server.config.deployments import Deployment


class Asked(NamedTuple):
    """What a deployment asks of its provider. credentials: where they are from. needs: what it lacks, "" if nothing.

    ignores: the setting that has no effect on it, and why, "" for none.
    """

    url: str
    credentials: str
    needs: str = ""
    ignores: str = ""


class Details(NamedTuple):
    """A deployment as it is shown. answers: what its model answers with, and the price. defaults: JSON, "" for none."""

    asked: Asked | None
    answers: str
    defaults: str


def price(given: TokenPrice | ImagePrice | None) -> str:
    """The price of a model."""
    if given is None:
        return "no known price"
    if isinstance(given, ImagePrice):
        return "USD per picture: " + ", ".join(f"{size} {dollars:g}" for size, dollars in given.by_size.items())
    return f"USD {given.prompt:g} / {given.text:g} / {given.image:g} per million tokens of prompt, text, picture"


def _set_ups(providers: Iterable[ProviderConfig]) -> list[SetUp]:
    return [one for provider in providers for one in provider.set_up]


def no_provider(providers: Iterable[ProviderConfig]) -> str:
    """What to do if no provider is set up."""
    ways = [(f"export {one.variable}=...", f"serve {one.serves}") for one in _set_ups(providers)]
    ways += [
        ("imagewire-server serve --config F", "serve the models in F's model_list, as in LiteLLM's config.yaml"),
        ("imagewire-server serve --demo", "serve the built-in emulator's pictures, without a key"),
    ]
    return "\n".join(["no provider is set up. Do one of these:", *(f"  {way:<37}{what}" for way, what in ways)])


def check_serves(config: Config, providers: Iterable[ProviderConfig]) -> None:
    """Raise ConfigError if a configuration serves nothing."""
    if not config.deployments:
        raise ConfigError(no_provider(providers))


def no_provider_in_environment(providers: Iterable[ProviderConfig]) -> str:
    """The same, for a server that is configured only by its environment."""
    ways = ", or ".join(f"{one.variable} {one.needs}" for one in _set_ups(providers))
    return f"no provider is set up: set {ways}, in the environment"


def table(config: Config, details: "Callable[[Deployment], Details]") -> Iterator[str]:
    """The lines: each name with its deployments, aliases and fallbacks, the server's settings, and the warnings."""
    ttls = cache_times.by_name(config.deployments, config.settings.cache_ttl)
    for name in ttls:
        yield name
        for deployment in config.deployments:
            if deployment.name == name:
                yield from _deployment(deployment, details(deployment), ttls[name])
        for alias in config.routing.aliases:
            if alias.target == name:
                yield f"  also called {alias.name}{', which is not listed' if alias.hidden else ''}"
        for kind, fallbacks in (
            ("in trouble", config.routing.fallbacks),
            ("for blocked prompts", config.routing.content_policy_fallbacks),
        ):
            targets = [one for one in dict(fallbacks).get(name, dict(fallbacks).get("*", ())) if one != name]
            if targets:
                yield f"  {kind}: {', '.join(targets)}"
    for unread in (one for one in config.skipped if one.is_unread):
        yield unread.name
        yield f"  {unread.model}  is served if that is a model of a provider of this server"
    routing = config.routing
    yield (
        f"chosen by {routing.strategy}; {routing.num_retries} retries; cooldown {routing.cooldown_time:g} s"
        f" after {routing.allowed_fails} failures"
    )
    if routing.enforces_rpm:
        yield "each deployment is asked at most rpm times a minute, where it is set"
    yield from _access(config)
    for words in exposed(config.settings, asks_for_key=config.asks_for_key):
        yield f"warning: {words}"
    for words in config.warnings:
        yield f"warning: {words}"


def _access(config: Config) -> Iterator[str]:
    given = config.settings
    kinds = ["the master key"] * bool(config.master_key)
    kinds += ["a key of their own"] * any(policy.key_sha256 for policy in config.callers)
    kinds += ["a token"] * bool(config.issuers)
    if given.tls_cert:
        yield f"TLS with the certificate {given.tls_cert} and the key {given.tls_key}"
    if given.tls_client_ca:
        yield f"callers must show a certificate of {given.tls_client_ca}, for {given.tls_allowed_ids or 'any name'}"
        kinds = [] if given.tls_client_suffices else kinds
    yield f"callers {'must send ' + ' or '.join(kinds) if kinds else 'need no key'}"
    for issuer in config.issuers:
        yield (
            f"  tokens of {issuer.name} for {' or '.join(issuer.audiences)}, by the keys in"
            f" {without_password(issuer.jwks)}: {issuer.caller_claim} says who calls"
        )
    for policy in config.callers:
        limits = [f"{name} {getattr(policy, name):g}" for name in LIMITS if getattr(policy, name) is not None]
        if policy.usd_per_call is not None:
            limits.append(f"usd_per_call {policy.usd_per_call:g}")
        methods = " ".join(name for name in METHODS if name in policy.methods)
        shown = f"{methods}; models {' '.join(policy.models)}; {', '.join(limits) or 'no limits'}"
        yield f"  {policy.name}: {shown}{f'; tokens of {policy.jwt}' if policy.jwt else ''}"


def _deployment(deployment: "Deployment", details: Details, cache_ttl: float) -> Iterator[str]:
    where = deployment.options.where
    share = deployment.weight or deployment.rpm or deployment.tpm
    notes = [f"at {where}" if where else "", f"share {share:g}" if share else "", f"id {deployment.id}"]
    if deployment.part_of:
        notes.append(f"of model_name {deployment.part_of!r}")
    if cache_ttl:
        notes.append(f"cached for {cache_ttl:g} s")
    yield f"  {deployment.provider}/{deployment.model}  " + ", ".join(note for note in notes if note)
    if details.asked:
        yield f"    POST {details.asked.url}"
        yield f"    with {details.asked.credentials}"
    yield f"    {details.answers}"
    if details.defaults:
        yield f"    defaults: {details.defaults}"
