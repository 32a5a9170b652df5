"""Checks a request against a model's Capabilities. Each rule is here once, for all providers.

A provider's encoder applies the rules while it processes the request. `check` does it for a provider that does not.
"""

import dataclasses
from typing import Any

from imagewire_server.contract import message_rules, pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.provider import Capabilities

_LONGEST_SCHEME = 32
_PACKAGE = pb.Spec.DESCRIPTOR.file.package
# The capabilities that list values, in the order of the contract's Model, which has a field of the same name for each.
CHOICES = tuple(f.name for f in pb.Model.DESCRIPTOR.fields if f.message_type == pb.Choices.DESCRIPTOR)


def _listed() -> dict[str, list[tuple[str, str, str]]]:
    """By message: the fields whose values a capability lists, that capability, and the text for a model without any."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for capability in dataclasses.fields(Capabilities):
        if lists := capability.metadata.get("lists"):
            message, _, field = lists.field.partition(".")
            found.setdefault(message, []).append((field, capability.name, lists.without))
    return found


_LISTED = _listed()


class CapabilityRules:
    """The rules for one request. model: its name as the caller wrote it. found: violations are added to it."""

    def __init__(self, capabilities: Capabilities, model: str, found: list[Violation]) -> None:
        self._capabilities = capabilities
        self._model = model
        self._found = found

    def listed(self, message: Any, name: str, path: str) -> None:
        """Check that the values in a message are supported by the model. name: the type of the message."""
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
        """Check the scheme of a picture's URI. Pictures from earlier answers, drawn by the provider, always pass."""
        if scheme not in self._capabilities.uri_schemes:
            self._refuse(
                f"{path}.uri", f"{self._capabilities.service} does not read {scheme}:// pictures; send the data"
            )

    def detail(self, path: str) -> None:
        """Check that the model supports the requested detail of pictures."""
        if not self._capabilities.part_media_resolution:
            self._refuse(f"{path}.detail", "this model does not support it; leave it out")

    def image_count(self, number: int) -> None:
        """Check that the request does not have more pictures than the model supports."""
        limit = self._capabilities.max_input_images
        if limit is not None and number > limit:
            self._refuse("spec.messages", f"hold {number} pictures; {self._model} takes at most {limit}")

    def fields(self, message: Any, path: str, *, taken: bool = True) -> None:
        """Check every field of a message, nested ones included: the provider must support it, and the model its value.

        taken: whether the message itself is supported.
        """
        if taken and message.DESCRIPTOR.name in _LISTED:
            self.listed(message, message.DESCRIPTOR.name, path)
        for field, value in message.ListFields():
            where = f"{path}.{field.name}"
            taken_too = taken and self._capabilities.takes(f"{message.DESCRIPTOR.name}.{field.name}")
            inside = field.message_type is not None and field.message_type.file.package == _PACKAGE
            if inside and not field.is_repeated and value.ListFields():
                self.fields(value, where, taken=taken_too)  # callers know the nested fields by their own names
            elif not taken_too:
                self._refuse(where, f"is not taken by {self._capabilities.service}; leave it out")
            elif inside and field.is_repeated and not field.message_type.GetOptions().map_entry:
                for i, element in enumerate(value):
                    self.fields(element, f"{where}[{i}]")

    def _refuse(self, path: str, words: str) -> None:
        self._found.append(Violation(path, words))


def scheme_of(image: pb.Image) -> str:
    """The scheme of a picture's URI in lower case, empty if it has no URI."""
    return image.uri[:_LONGEST_SCHEME].partition(":")[0].lower()


def check(spec: pb.Spec, capabilities: Capabilities) -> None:
    """Raise InvalidRequest for everything that the model does not support."""
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
