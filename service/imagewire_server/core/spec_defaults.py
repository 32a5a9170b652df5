"""Adds a deployment's defaults to a request: each field applies where the caller sets none."""

from collections.abc import Callable

from imagewire_server.contract import pb

# Messages of which each field has its own default. Others are taken whole: their fields depend on each other.
_BY_FIELD = frozenset({"generation_config", "image_config"})


def merged(
    defaults: pb.Spec,
    leave_out: Callable[[pb.Spec], None],
    give_way: Callable[[pb.Spec, pb.Struct], None],
    spec: pb.Spec,
) -> pb.Spec:
    """A new spec: the caller's, with the defaults where it is silent.

    leave_out: removes from a default extra_body, which only its provider understands, what other fields say. give_way:
    removes from defaults what the caller's extra_body says.
    """
    if spec.HasField("extra_body"):
        given, defaults = defaults, pb.Spec()
        defaults.CopyFrom(given)
        give_way(defaults, spec.extra_body)
    made = pb.Spec()
    made.CopyFrom(spec)
    _fill(made, defaults)
    if defaults.HasField("extra_body") and not spec.HasField("extra_body"):
        leave_out(made)
    return made


def _fill(made: pb.ProtoMessage, defaults: pb.ProtoMessage) -> None:
    known = {field.name for field, _ in made.ListFields()}
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
