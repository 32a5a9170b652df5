"""Google's own fields in a request's extra_body: those that the contract has too pass the contract's rules for them."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import json_format

from imagewire_server.contract import pb, validation
from imagewire_server.contract.native_rules import camel

Json = dict[str, Any]
Refuse = Callable[[str, str], None]

# Fields of the body, and those below generationConfig that stand elsewhere in the contract.
_SHARED = frozenset({"generationConfig", "safetySettings", "labels", "cachedContent", "serviceTier"})
_OURS = {"imageOutputOptions": "outputOptions"}
# More values than these fields can hold.
_MOST_VALUES = 4096
_PATH = "spec.extra_body"


def shared(spec: pb.Spec, extra: Mapping[str, Any], refuse: Refuse) -> pb.Spec:
    """A spec of what `extra` has that the contract has fields for, in addition to what `spec` says.

    What is wrong with it goes to `refuse`.
    """
    made = pb.Spec(model=spec.model, messages=[pb.ChatMessage(role=pb.Role.ROLE_USER, content="x")])
    made.generation_config.CopyFrom(spec.generation_config)
    made.image_config.CopyFrom(spec.image_config)
    for name, value in extra.items():
        path = f"{_PATH}.{name}"
        if name == "model":
            refuse(path, "stands beside spec.model, which is what is asked and routed; leave it out")
        if camel(name) not in _SHARED:
            continue
        if not _is_small(value, _MOST_VALUES):
            refuse(path, f"holds more than {_MOST_VALUES} values; send fewer")
            continue
        _read({camel(name): value}, made, path, refuse)
        if camel(name) == "generationConfig" and isinstance(value, dict):
            for inside, config in value.items():
                if camel(inside) == "imageConfig" and isinstance(config, dict):
                    given = {_OURS.get(camel(key), key): config[key] for key in config}
                    _read({"imageConfig": given}, made, f"{path}.{inside}", refuse)
    for violation in validation.violations(made, _PATH):
        refuse(spelled(violation.field, extra), violation.description)
    return made


def in_config(extra: pb.Struct) -> set[str]:
    """The fields of generationConfig in an extra_body, in camelCase."""
    return {camel(name) for name in _inside(extra, "generationConfig").fields}


def in_image_config(extra: pb.Struct) -> set[str]:
    """The fields of generationConfig.imageConfig in an extra_body, in camelCase, by the contract's names."""
    names = _inside(_inside(extra, "generationConfig"), "imageConfig").fields
    return {_OURS.get(camel(name), camel(name)) for name in names}


def _inside(struct: pb.Struct, name: str) -> pb.Struct:
    found = (value.struct_value for key, value in struct.fields.items() if camel(key) == name)
    return next(found, pb.Struct())


def _read(given: Json, made: pb.Spec, path: str, refuse: Refuse) -> None:
    try:
        json_format.ParseDict(given, made, ignore_unknown_fields=True)
    except json_format.ParseError:
        refuse(path, "holds a value of another type than its field has, or a field in two spellings; correct it")


def _is_small(value: Any, most: int) -> bool:
    """Whether a JSON value holds so many values at most."""
    waiting = [value]
    while waiting and most > 0:
        one = waiting.pop()
        most -= 1
        inside = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        if len(inside) > most:
            return False
        waiting.extend(inside)
    return not waiting


def spelled(path: str, extra: Mapping[str, Any]) -> str:
    """The path of a field of the contract as the caller wrote it."""
    steps: list[str] = []
    here: Any = extra
    names = path.removeprefix(f"{_PATH}.")
    if names.startswith("image_config"):
        names = f"generation_config.{names}"
    for step in names.split("."):
        name, bracket, index = step.partition("[")
        name = "image_output_options" if name == "output_options" else name
        known = next((key for key in here if camel(key) == camel(name)), name) if isinstance(here, dict) else name
        here = here.get(known) if isinstance(here, dict) else None
        if bracket and isinstance(here, list) and index[:-1].isdecimal() and int(index[:-1]) < len(here):
            here = here[int(index[:-1])]
        steps.append(known + bracket + index)
    return ".".join([_PATH, *steps])
