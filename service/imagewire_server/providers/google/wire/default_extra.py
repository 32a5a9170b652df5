"""A deployment's defaults and extra_body: the one of the two that the caller wrote comes first."""

from collections.abc import Collection, Iterable

from imagewire_server.contract import pb
from imagewire_server.contract.native_rules import camel
from imagewire_server.providers.google.wire import extra_body


def leave_out(made: pb.Spec) -> None:
    """Remove from a spec's extra_body what its other fields say."""
    extra = made.extra_body
    set_ = _set(made) - {"extra_body"}
    for name in list(extra.fields):
        if camel(name) != "generationConfig" or extra.fields[name].WhichOneof("kind") != "struct_value":
            _leave_out_named(extra, [name], set_)
            continue
        config = extra.fields[name].struct_value
        inside = _set(made.generation_config)
        if made.response_modalities:
            inside.add("response_modalities")
        for key in list(config.fields):
            if camel(key) == "imageConfig" and config.fields[key].WhichOneof("kind") == "struct_value":
                image = config.fields[key].struct_value
                _leave_out_named(image, list(image.fields), _set(made.image_config))
            else:
                _leave_out_named(config, [key], inside)


def give_way(defaults: pb.Spec, extra: pb.Struct) -> None:
    """Remove from the defaults what the caller's extra_body says."""
    config = extra_body.in_config(extra)
    _clear(defaults, {camel(name) for name in extra.fields} - {"generationConfig"})
    _clear(defaults.generation_config, config)
    if "responseModalities" in config:
        defaults.ClearField("response_modalities")
    _clear(defaults.image_config, extra_body.in_image_config(extra))


def _clear(message: pb.ProtoMessage, names: Collection[str]) -> None:
    for name in _set(message):
        if camel(name) in names:
            message.ClearField(name)


def _leave_out_named(struct: pb.Struct, names: Iterable[str], set_: Iterable[str]) -> None:
    known = {camel(name) for name in set_}
    for name in names:
        if camel(name) in known:
            del struct.fields[name]


def _set(message: pb.ProtoMessage) -> set[str]:
    return {field.name for field, _ in message.ListFields()}
