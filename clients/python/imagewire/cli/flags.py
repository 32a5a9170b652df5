"""The command's own flags for the fields of a request, so that a person reads what they can change.

With --json, the violations of an error keep the paths of the fields: programs may know the contract.
"""

import re

_FLAGS = {
    "spec.model": "--model",
    "spec.image_config.aspect_ratio": "--aspect-ratio",
    "spec.image_config.image_size": "--size",
    "spec.generation_config.seed": "--seed",
    "spec.service_tier": "--service-tier",
    "spec.output_config.uri_prefix": "--output-uri",
    "spec.output_config": "--output-uri",
}
_MESSAGE = re.compile(r"spec\.messages\[\d+\]((?:\.\w+(?:\[\d+\])?)*)")


def with_flags(text: str) -> str:
    """The text with flags in the place of the fields that they set."""
    for field, flag in _FLAGS.items():
        text = text.replace(field, flag)
    return _MESSAGE.sub(lambda path: "the picture (--edit, /image)" if "image" in path[1] else "the prompt", text)
