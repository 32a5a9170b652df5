"""Takes wishes out of a spec that change nothing, so that they are not refused: a size that the model draws anyway, no
thinking for a model that does not think, labels for a service that has no bills by label.
"""

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Capabilities

_USUAL_TYPE = "image/png"


def remove(spec: pb.Spec, capabilities: Capabilities) -> None:
    """Remove them. capabilities: the model's."""
    if spec.HasField("image_config"):
        _image(spec, capabilities)
    if spec.HasField("generation_config"):
        _generation(spec.generation_config, capabilities)
    if spec.HasField("tool_config") and not spec.tools and spec.tool_config.mode in {"AUTO", "NONE"}:
        spec.ClearField("tool_config")
    if spec.labels and not capabilities.takes("Spec.labels"):
        spec.ClearField("labels")


def _image(spec: pb.Spec, capabilities: Capabilities) -> None:
    given = spec.image_config
    if given.image_size == capabilities.default_image_size and capabilities.image_sizes == ():
        given.ClearField("image_size")
    options = given.output_options
    usual = options.mime_type == _USUAL_TYPE and not options.HasField("compression_quality")
    if usual and not capabilities.takes("ImageConfig.output_options"):
        given.ClearField("output_options")
    if not given.ListFields():
        spec.ClearField("image_config")


def _generation(given: pb.GenerationConfig, capabilities: Capabilities) -> None:
    # Some models refuse a penalty, whatever it is.
    for name in ("presence_penalty", "frequency_penalty"):
        if given.HasField(name) and not getattr(given, name):
            given.ClearField(name)
    if given.HasField("thinking_config") and not capabilities.thinks:
        asked = [field.name for field, value in given.thinking_config.ListFields() if value]
        if not asked:  # a budget of 0, or no thoughts
            given.ClearField("thinking_config")
