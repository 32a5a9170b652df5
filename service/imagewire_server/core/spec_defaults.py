"""Adds a deployment's defaults to a request: each field applies where the caller sets none."""

from collections.abc import Callable

from imagewire_server.contract import pb

# Messages of which each field has its own default. Others are taken whole: their fields depend on each other.
_BY_FIELD = frozenset({"generation_config", "image_config"})
# What a default extra_body may hold of the fields that a caller may clear: with these values it gives way.
_CLEARED = {
    "generation_config.presence_penalty": pb.Spec(generation_config=pb.GenerationConfig(presence_penalty=0)),
    "generation_config.frequency_penalty": pb.Spec(generation_config=pb.GenerationConfig(frequency_penalty=0)),
    "generation_config.stop_sequences": pb.Spec(generation_config=pb.GenerationConfig(stop_sequences=["-"])),
    "image_config.aspect_ratio": pb.Spec(image_config=pb.ImageConfig(aspect_ratio="1:1")),
    "image_config.image_size": pb.Spec(image_config=pb.ImageConfig(image_size="1K")),
    "response_modalities": pb.Spec(response_modalities=[pb.Modality.MODALITY_TEXT]),
    "service_tier": pb.Spec(service_tier="standard"),
    "tool_config": pb.Spec(tool_config=pb.ToolConfig(mode="NONE")),
    "tools": pb.Spec(tools=[pb.Tool(google_search=pb.GoogleSearch())]),
}
CLEARABLE = frozenset(_CLEARED)


def merged(
    defaults: pb.Spec,
    leave_out: Callable[[pb.Spec], None],
    give_way: Callable[[pb.Spec, pb.Struct], None],
    spec: pb.Spec,
    cleared: frozenset[str] = frozenset(),
) -> pb.Spec:
    """A new spec: the caller's, with the defaults where it is silent.

    leave_out: removes from a default extra_body, which only its provider understands, what other fields say. give_way:
    removes from defaults what the caller's extra_body says. cleared: paths of CLEARABLE that have no default, because
    the caller asks for nothing there.
    """
    if spec.tool_config.mode == "NONE" and not spec.tools:
        cleared |= {"tools"}
    if cleared:
        defaults = _without(defaults, cleared, leave_out)
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


def _without(defaults: pb.Spec, cleared: frozenset[str], leave_out: Callable[[pb.Spec], None]) -> pb.Spec:
    made = pb.Spec()
    made.CopyFrom(defaults)
    for path in cleared:
        outer, _, name = path.rpartition(".")
        if not outer:
            made.ClearField(name)
        elif made.HasField(outer):
            inner = getattr(made, outer)
            inner.ClearField(name)
            if not inner.ListFields():
                made.ClearField(outer)
    if made.HasField("extra_body"):
        alone = pb.Spec(extra_body=made.extra_body)
        for path in cleared:
            alone.MergeFrom(_CLEARED[path])
        leave_out(alone)
        made.ClearField("extra_body")
        if alone.HasField("extra_body"):
            made.extra_body.CopyFrom(alone.extra_body)
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
