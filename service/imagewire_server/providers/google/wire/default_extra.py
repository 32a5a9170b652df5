"""A deployment's default extra_body, which applies where the request's own fields are silent."""

from collections.abc import Iterable

from imagewire_server.contract import pb
from imagewire_server.contract.native_rules import camel


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


def _leave_out_named(struct: pb.Struct, names: Iterable[str], set_: Iterable[str]) -> None:
    known = {camel(name) for name in set_}
    for name in names:
        if camel(name) in known:
            del struct.fields[name]


def _set(message: pb.ProtoMessage) -> set[str]:
    return {field.name for field, _ in message.ListFields()}
