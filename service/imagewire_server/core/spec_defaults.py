"""Adds a deployment's defaults to a request: each field applies where the caller sets none."""

from collections.abc import Iterable

from imagewire_server.contract import pb
from imagewire_server.contract.native_rules import camel

# Messages of which each field has its own default. Others are taken whole: their fields depend on each other.
_BY_FIELD = frozenset({"generation_config", "image_config"})


def merged(defaults: pb.Spec, spec: pb.Spec) -> pb.Spec:
    """A new spec: the caller's, with the defaults where it is silent."""
    made = pb.Spec()
    made.CopyFrom(spec)
    _fill(made, defaults)
    if defaults.HasField("extra_body") and not spec.HasField("extra_body"):
        _leave_out(made)
    return made


def _fill(made: pb.ProtoMessage, defaults: pb.ProtoMessage) -> None:
    known = _set(made)
    for field, value in defaults.ListFields():
        if field.name not in known:
            if isinstance(value, pb.ProtoMessage):
                getattr(made, field.name).CopyFrom(value)
            elif hasattr(value, "MergeFrom"):  # a list or a map
                getattr(made, field.name).MergeFrom(value)
            else:
                setattr(made, field.name, value)
        elif field.name in _BY_FIELD:
            _fill(getattr(made, field.name), value)


def _set(message: pb.ProtoMessage) -> set[str]:
    return {field.name for field, _ in message.ListFields()}


def _leave_out(made: pb.Spec) -> None:
    """Remove from the default extra_body what a field of the request says."""
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
