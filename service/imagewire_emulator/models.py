"""The emulator's own table of models. It is separate from the server's, so that they cannot share mistakes."""

from dataclasses import dataclass

_TEN = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_FOURTEEN = (*_TEN, "1:4", "4:1", "1:8", "8:1")


# In the order in which Google lists them.
ALL_RATIOS = ("1:1", "1:4", "1:8", "2:3", "3:2", "3:4", "4:1", "4:3", "4:5", "5:4", "8:1", "9:16", "16:9", "21:9")
ALL_SIZES = ("512", "1K", "2K", "4K")


@dataclass(frozen=True, slots=True)
class Model:
    """tokens: those of one picture, by image size; its keys are the sizes that the model supports. series: 2 or 3.

    checks_size: whether an imageSize is checked; a model that does not check it ignores it. structured: whether it can
    answer in JSON. always_thinks: whether a thinking budget of 0 is refused.
    """

    id: str
    series: int
    ratios: tuple[str, ...]
    tokens: dict[str, int]
    checks_size: bool = True
    system_instruction: bool = True
    structured: bool = True
    always_thinks: bool = False
    media_resolution: bool = True
    max_images: int = 14
    input_tokens: int = 65_536


_MODELS = (
    Model(
        "gemini-2.5-flash-image",
        2,
        _TEN,
        {"1K": 1290},
        checks_size=False,
        system_instruction=False,
        structured=False,
        media_resolution=False,
        max_images=16,
        input_tokens=32_768,
    ),
    Model(
        "gemini-3-pro-image",
        3,
        _TEN,
        {"1K": 1120, "2K": 1120, "4K": 2000},
        always_thinks=True,
        media_resolution=False,
    ),
    Model(
        "gemini-3.1-flash-image", 3, _FOURTEEN, {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}, input_tokens=131_072
    ),
    Model("gemini-3.1-flash-lite-image", 3, _FOURTEEN, {"1K": 1120}),
    Model("gemini-nano-banana-2.1", 3, _FOURTEEN, {"1K": 1120, "2K": 1680, "4K": 2520}, input_tokens=131_072),
)
BY_ID = {model.id: model for model in _MODELS} | {f"{model.id}-preview": model for model in _MODELS[:3]}
DEFAULT = BY_ID["gemini-3.1-flash-image"]
