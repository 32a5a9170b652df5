"""Reads the whole configuration, from file, environment and flags, into one frozen Config. Raises ConfigError."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from imagewire_server.config import (
    cache_times,
    caller_policies,
    credentials,
    deployments,
    keys,
    litellm,
    model_guards,
    models,
    rate_limits,
    routing,
    setting_sources,
    settings,
    token_issuers,
    transport_security,
)
from imagewire_server.config.caller_policies import Policy
from imagewire_server.config.deployments import Deployment, ModelList
from imagewire_server.config.environment import References, Unneeded
from imagewire_server.config.file_content import content
from imagewire_server.config.model_ids import Skipped
from imagewire_server.config.models import Row
from imagewire_server.config.notices import Notices
from imagewire_server.config.providers import ProviderConfig
from imagewire_server.config.routing import Routing
from imagewire_server.config.settings import Settings
from imagewire_server.config.source import FROM_ENV, ConfigError, Key, Node, parsed
from imagewire_server.config.token_issuers import Issuer

__all__ = ["Config", "ConfigError", "load"]

SECTIONS = (
    "model_list", "credential_list", "litellm_settings", "router_settings", "general_settings",
    "environment_variables", "imagewire",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. models: rows that the file adds to the providers' tables. master_key: the key that
    callers must send, empty for none. callers: others, with keys of their own, certificates or tokens. issuers: of the
    tokens. skipped: models of the file that are not served. warnings: what the configuration asks for and this server
    does not do. sources: where each setting that is not a default is from.
    """

    settings: Settings = field(default_factory=Settings)
    deployments: tuple[Deployment, ...] = ()
    routing: Routing = field(default_factory=Routing)
    models: tuple[Row, ...] = ()
    master_key: str = field(default="", repr=False)
    callers: tuple[Policy, ...] = ()
    issuers: tuple[Issuer, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def asks_for_key(self) -> bool:
        """Whether callers must show a key, or a token."""
        return bool(self.master_key or self.issuers) or any(policy.key_sha256 for policy in self.callers)


# The warnings about one of a configuration's deployments.
Check = Callable[[Deployment, Config], Iterable[str]]


def load(
    providers: Sequence[ProviderConfig],
    path: Path | None,
    environ: Mapping[str, str],
    *,
    text: bytes | None = None,
    resolve: bool = True,
    check: Check = lambda deployment, config: (),
    demo: bool = False,
    **flags: Any,
) -> Config:
    """Read the configuration. Later sources override earlier ones: default, file, environment, flag (None: absent).

    providers: the available ones. text: the content of the file, if it was already read. resolve: whether os.environ/
    references are looked up. check: called for each deployment. demo: whether model_list is read for the emulator, so
    that no variable needs to be set for it, nor a key of a provider.
    """
    notices = Notices()
    references = References(environ, resolve=resolve)
    top = parsed(content(path) if text is None else text, path, references) if path else None
    titled = _sections(top, notices)
    sections = {name: section for name, (_, section) in titled.items()}
    if "environment_variables" in sections:
        references.add(sections["environment_variables"], notices)
    made, sources = _settings(providers, sections.get("imagewire"), environ, references, flags, demo=demo)
    of_providers = {name: sections[name] for name in ("credential_list", "model_list") if name in sections}
    if demo:
        providers = [one.for_demo() for one in providers]
        of_providers = {name: section.within(Unneeded(references)) for name, section in of_providers.items()}
    named = credentials.read(of_providers["credential_list"]) if "credential_list" in of_providers else {}
    common = _common(sections, notices)
    if "model_list" in of_providers:
        found = deployments.read(
            of_providers["model_list"],
            providers,
            made,
            named,
            common,
            lambda: _default(made, providers),
            notices,
        )
    elif "include" in titled:
        raise titled["include"][0].error("include is not supported: put the model_list of the included file here")
    else:
        found = ModelList(_default(made, providers))
    _check_reach(common, found.deployments, has_list="model_list" in of_providers)
    _distinct(found.deployments, path)
    for words in cache_times.warnings(found.deployments, made.cache_ttl):
        notices.add(words)
    names = frozenset(deployment.name for deployment in found.deployments)
    unread = frozenset(one.name for one in found.skipped if one.is_unread)
    blocked = model_guards.blocked_names(found.skipped, names)
    own = sections.get("imagewire")
    issuers = token_issuers.read(own)
    routes = routing.read(
        {name: sections[name] for name in ("litellm_settings", "router_settings") if name in sections},
        names | unread,
        frozenset(one.name for one in found.skipped) - names - unread,
        blocked,
        tuple(name for provider in providers for name in provider.names),
        notices,
    )
    config = Config(
        settings=made,
        deployments=found.deployments,
        routing=replace(
            routes,
            blocked=blocked,
            skipped=routes.skipped | model_guards.skipped_names(found.skipped, names),
        ),
        models=models.read(own),
        master_key=keys.master_key(titled, environ, notices, may_be_unset=demo and keys.is_closed(made)),
        callers=caller_policies.read(own, certificates=bool(made.tls_client_ca), issuers=issuers),
        issuers=issuers,
        skipped=found.skipped,
        sources=sources,
    )
    for words in rate_limits.check(config.routing, config.deployments, found.places):
        notices.add(words)
    for deployment in config.deployments:
        try:
            for words in check(deployment, config):
                notices.add(words)
        except ConfigError as error:
            place = found.places.get(deployment.id)
            raise place.error(str(error)) if place else error from None
    by_name = {name for provider in providers for name in (*provider.variables, *provider.file_variables)}
    referred = top.references if top else ()
    references.tell_unused(referred, {*by_name, *keys.VARIABLES, *transport_security.VARIABLES}, notices)
    # A key may be in the environment.
    open_ports = keys.exposed(made, asks_for_key=config.asks_for_key) if resolve else ()
    if made.strict and (told := (*open_ports, *notices.found)):
        listed = "".join(f"\n  {words}" for words in told)
        raise ConfigError(f"{path or 'the configuration'}: strict, and there are warnings:{listed}")
    return replace(config, warnings=notices.found)


def _sections(top: Node | None, notices: Notices) -> dict[str, tuple[Key, Node]]:
    """The sections of the file by name, each with its key."""
    found: dict[str, tuple[Key, Node]] = {}
    for key, value in top.pairs("the file") if top else ():
        if key.text.startswith("x-"):
            continue  # by convention, a place for anchors
        if litellm.has("sections", key.text):
            notices.not_used(key.text)
        elif key.text not in SECTIONS:
            unknown = str(key.unknown(SECTIONS, "the file"))
            place = "" if "did you mean" in unknown else "; begin the name of a place for anchors with x-"
            raise ConfigError(f"{unknown}{place}")
        found[key.text] = key, value
    return found


def _common(sections: Mapping[str, Node], notices: Notices) -> dict[str, Node]:
    """Values of other sections that apply to each deployment that has none itself, by the deployment's key."""
    found = {}
    for section in ("litellm_settings", "router_settings"):
        for key, name in litellm.common(section).items() if section in sections else ():
            value = sections[section].at(key)
            if value and value.is_unset and "safety" in key:  # without it, pictures may be drawn that it forbids
                unset = f"the environment variable {value.reference} is not set"
                raise value.error(f"{key}: {unset}; set it, or remove {key}")
            if value and not notices.is_missing(key, value):
                found[name] = value
    return found


def _check_reach(common: Mapping[str, Node], found: Iterable[Deployment], *, has_list: bool) -> None:
    """Raise ConfigError where safety settings for all deployments do not reach some of them."""
    for name, value in common.items():
        if "safety" in name and (not has_list or any(one.part_of for one in found)):
            raise value.error(
                "vertex_ai_safety_settings is not supported for model '*', nor without a model_list: name a provider's"
                " models, as gemini/*"
            )


def _settings(
    providers: Sequence[ProviderConfig],
    own: Node | None,
    environ: Mapping[str, str],
    references: References,
    flags: Mapping[str, Any],
    *,
    demo: bool,
) -> tuple[Settings, dict[str, str]]:
    """The settings, and where each one that is not a default is from. own: the file's section of them."""
    known = settings.fields(providers)
    # The file's variables override the process's, as in LiteLLM.
    others = {variable: name for provider in providers for variable, name in provider.variables.items()}
    others |= transport_security.VARIABLES
    of_libraries = {variable: name for provider in providers for variable, name in provider.file_variables.items()}
    weak = _unresolved(providers) if demo or not references.resolves else {}
    weak |= setting_sources.from_variables({**environ, **references.of_file}, known, others)
    weak = {**setting_sources.from_variables(references.of_file, known, of_libraries), **weak}
    given = {
        **weak,
        **(setting_sources.from_file(own, known) if own else {}),
        **setting_sources.from_environment(environ, known),
    }
    for name, flag in flags.items():
        if flag is not None:
            option = f"--{name.replace('_', '-')}"
            given[name] = setting_sources.Given(setting_sources.checked(known[name], str(flag), option), option)
    made = settings.made({name: one.value for name, one in given.items()}, providers)
    if made.metrics_key and made.metrics != "key":
        raise ConfigError(f"metrics_key requires a key, but metrics: {made.metrics} does not; keep one of the two")
    for name, example in (("keep_redis", "redis://host:6379/0"), ("keep_objects", "s3://bucket/prefix")):
        if made.keep == "shared" and not getattr(made, name):
            raise ConfigError(f"{name} is required by keep: shared; set it, for example to {example}")
    if error := settings.wrong_cache_ttl(made.cache_ttl, made):
        raise ConfigError(f"cache_ttl {error}")
    if error := transport_security.error(made):
        raise ConfigError(error)
    return made, {name: one.source for name, one in given.items()}


def _unresolved(providers: Sequence[ProviderConfig]) -> dict[str, setting_sources.Given]:
    """The variables that set providers up, where variables are not looked up: each stands for its own reference."""
    return {
        provider.variables[one.variable]: setting_sources.Given(FROM_ENV + one.variable, FROM_ENV + one.variable)
        for provider in providers
        for one in provider.set_up
    }


def _default(given: Settings, providers: Sequence[ProviderConfig]) -> tuple[Deployment, ...]:
    """The deployments without a file: all models of the providers that have credentials in the environment."""
    found = tuple(deployment for provider in providers for deployment in provider.default(given))
    # A model id without a provider uses the first one.
    return (*found, replace(found[0], id=f"{found[0].id}:bare", name="*")) if found else ()


def _distinct(found: tuple[Deployment, ...], path: Path | None) -> None:
    ids = [deployment.id for deployment in found]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{path}: two deployments have the id {twice!r}; give each model_info its own id")
