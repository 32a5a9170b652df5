"""The emulator's own table of models. It is separate from the server's, so that they cannot share mistakes."""

from dataclasses import dataclass

_TEN = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_FOURTEEN = (*_TEN, "1:4", "4:1", "1:8", "8:1")


@dataclass(frozen=True, slots=True)
class Model:
    """tokens: those of one picture, by image size; its keys are the sizes that the model supports. series: 2 or 3."""

    id: str
    series: int
    ratios: tuple[str, ...]
    tokens: dict[str, int]
    takes_size: bool = True
    system_instruction: bool = True
    max_images: int = 14


_MODELS = (
    Model("gemini-2.5-flash-image", 2, _TEN, {"1K": 1290}, takes_size=False, system_instruction=False, max_images=16),
    Model("gemini-3-pro-image", 3, _TEN, {"1K": 1120, "2K": 1120, "4K": 2000}),
    Model("gemini-3.1-flash-image", 3, _FOURTEEN, {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}),
    Model("gemini-3.1-flash-lite-image", 3, _FOURTEEN, {"1K": 1120}),
    Model("gemini-nano-banana-2.1", 3, _FOURTEEN, {"1K": 1120, "2K": 1680, "4K": 2520}),
)
BY_ID = {model.id: model for model in _MODELS} | {f"{model.id}-preview": model for model in _MODELS[:3]}
DEFAULT = BY_ID["gemini-3.1-flash-image"]
