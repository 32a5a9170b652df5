"""Takes wishes out of a spec that change nothing, so that they are not refused: a size that the model draws anyway, no
thinking for a model that does not think, labels for a service that has no bills by label.
"""

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Capabilities

_USUAL_TYPE, _USUAL_QUALITY = "image/png", 100


def remove(spec: pb.Spec, capabilities: Capabilities) -> set[str]:
    """Remove them. capabilities: the model's. Returns the paths of those in whose place a default would change it."""
    cleared: set[str] = set()
    if spec.HasField("image_config"):
        _image(spec, capabilities)
    if spec.HasField("generation_config"):
        cleared |= _generation(spec.generation_config, capabilities)
    if spec.HasField("tool_config") and not spec.tools and spec.tool_config.mode in {"AUTO", "NONE"}:
        cleared |= {"tool_config", "tools"} if spec.tool_config.mode == "NONE" else {"tool_config"}
        spec.ClearField("tool_config")
    if spec.labels and not capabilities.takes("Spec.labels"):
        spec.ClearField("labels")
    return cleared


def _image(spec: pb.Spec, capabilities: Capabilities) -> None:
    given = spec.image_config
    if given.image_size == capabilities.default_image_size and capabilities.image_sizes == ():
        given.ClearField("image_size")
    if not capabilities.takes("ImageConfig.output_options"):
        options = given.output_options
        if options.mime_type == _USUAL_TYPE:
            options.ClearField("mime_type")
        if options.compression_quality == _USUAL_QUALITY:
            options.ClearField("compression_quality")
        if not options.ListFields():
            given.ClearField("output_options")
    if not given.ListFields():
        spec.ClearField("image_config")


def _generation(given: pb.GenerationConfig, capabilities: Capabilities) -> set[str]:
    cleared = set()
    # Some models refuse a penalty, whatever it is.
    for name in ("presence_penalty", "frequency_penalty"):
        if given.HasField(name) and not getattr(given, name):
            given.ClearField(name)
            cleared.add(f"generation_config.{name}")
    if given.HasField("thinking_config") and not capabilities.thinks:
        asked = [field.name for field, value in given.thinking_config.ListFields() if value]
        if not asked:  # a budget of 0, or no thoughts
            given.ClearField("thinking_config")
    return cleared
