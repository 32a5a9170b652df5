"""A request held against a model's Capabilities: each rule once, for all providers.

A provider's encoder applies the rules while it walks the request. `check` walks it for a provider without such a walk.
"""

import dataclasses
from typing import Any

from imagewire_server.contract import message_rules, pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.provider import Capabilities

_LONGEST_SCHEME = 32
_PACKAGE = pb.Spec.DESCRIPTOR.file.package


def _listed() -> dict[str, list[tuple[str, str, str]]]:
    """By message: its fields whose values a capability lists, that capability, and what a model without any is told."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for capability in dataclasses.fields(Capabilities):
        if lists := capability.metadata.get("lists"):
            message, _, field = lists.field.partition(".")
            found.setdefault(message, []).append((field, capability.name, lists.without))
    return found


_LISTED = _listed()


class CapabilityRules:
    """The rules for one request. model: its name as the caller wrote it. found: what is wrong is added to it."""

    def __init__(self, capabilities: Capabilities, model: str, found: list[Violation]) -> None:
        self._capabilities = capabilities
        self._model = model
        self._found = found

    def listed(self, message: Any, name: str, path: str) -> None:
        """What is set in a message is among the values that the model takes. name: the message's type."""
        for field, capability, without in _LISTED[name]:
            allowed = getattr(self._capabilities, capability)
            if allowed is None:
                continue
            if not allowed and without:
                self._refuse(path, f"{self._model} {without}; leave it out")
            elif (value := getattr(message, field)) and value not in allowed:
                remedy = f"use {', '.join(allowed)}" if allowed else "leave it out"
                self._refuse(f"{path}.{field}", f'"{value}" is not taken by {self._model}; {remedy}')

    def uri_scheme(self, scheme: str, path: str) -> None:
        """The provider reads a picture by such a URI. One of an earlier answer, which it drew itself, always passes."""
        if scheme not in self._capabilities.uri_schemes:
            self._refuse(f"{path}.uri", f"{self._capabilities.service} reads no {scheme}:// pictures; send the data")

    def detail(self, path: str) -> None:
        """The model reads pictures in the detail that is asked for."""
        if not self._capabilities.part_media_resolution:
            self._refuse(f"{path}.detail", "this model reads every picture alike; leave it out")

    def image_count(self, number: int) -> None:
        """The request holds no more pictures than the model takes."""
        limit = self._capabilities.max_input_images
        if limit is not None and number > limit:
            self._refuse("spec.messages", f"hold {number} pictures; {self._model} takes at most {limit}")

    def fields(self, message: Any, path: str, *, taken: bool = True) -> None:
        """Every field that is set, here and inside, is one that the provider takes, with a value that the model takes.

        taken: whether the message itself is.
        """
        if taken and message.DESCRIPTOR.name in _LISTED:
            self.listed(message, message.DESCRIPTOR.name, path)
        for field, value in message.ListFields():
            where = f"{path}.{field.name}"
            taken_too = taken and self._capabilities.takes(f"{message.DESCRIPTOR.name}.{field.name}")
            inside = field.message_type is not None and field.message_type.file.package == _PACKAGE
            if inside and not field.is_repeated and value.ListFields():
                self.fields(value, where, taken=taken_too)  # callers know the fields inside by their own names
            elif not taken_too:
                self._refuse(where, f"is not taken by {self._capabilities.service}; leave it out")
            elif inside and field.is_repeated and not field.message_type.GetOptions().map_entry:
                for i, element in enumerate(value):
                    self.fields(element, f"{where}[{i}]")

    def _refuse(self, path: str, words: str) -> None:
        self._found.append(Violation(path, words))


def scheme_of(image: pb.Image) -> str:
    """The scheme of a picture's URI in small letters, empty where it has no URI."""
    return image.uri[:_LONGEST_SCHEME].partition(":")[0].lower()


def check(spec: pb.Spec, capabilities: Capabilities) -> None:
    """Raise InvalidRequest for all that the model does not take."""
    found: list[Violation] = []
    rules = CapabilityRules(capabilities, spec.model, found)
    rules.fields(spec, "spec")
    count = 0
    for i, message in enumerate(spec.messages):
        for path, image in message_rules.images(message, f"spec.messages[{i}]"):
            count += 1
            scheme = scheme_of(image)
            if scheme not in {"", "data"} and message.role != pb.Role.ROLE_ASSISTANT:
                rules.uri_scheme(scheme, path)
            if image.detail:
                rules.detail(path)
    rules.image_count(count)
    if found:
        raise InvalidRequest(found)
