"""Google's deployments as tests write them."""

import dataclasses
from typing import Any

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.settings import Settings
from imagewire_server.providers.google.config import GoogleOptions, GoogleSettings
from imagewire_server.providers.registry import provider_configs

_OWN = {field.name for field in dataclasses.fields(GoogleOptions)}
_SETTINGS = {field.name for field in dataclasses.fields(GoogleSettings)}


def google(id_: str, name: str, provider: str, model: str, **fields: Any) -> Deployment:
    """A deployment of Google's; its options stand beside the other fields."""
    own = {name: fields.pop(name) for name in _OWN & set(fields)}
    return Deployment(id_, name, provider, model, GoogleOptions(**own), **fields)


def settings(**fields: Any) -> Settings:
    """Settings, Google's and the other providers' defaults among them."""
    own = {name: fields.pop(name) for name in _SETTINGS & set(fields)}
    kinds = [config.settings for config in provider_configs() if config.settings]
    return Settings(
        **fields, providers=tuple(GoogleSettings(**own) if kind is GoogleSettings else kind() for kind in kinds)
    )
