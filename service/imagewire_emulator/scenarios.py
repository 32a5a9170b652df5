"""What can go wrong, by model name: "emulator-NAME", or "MODEL--NAME" to keep that model's other ways.

A trailing number tunes a scenario: "emulator-slow-500" waits 500 ms, "emulator-drip-2000-8000000" sends a picture of
8 000 000 bytes over 2 s, "emulator-size-20MB" sends exactly that many.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from imagewire_emulator.errors import ApiError, detail
from imagewire_emulator.models import BY_ID, DEFAULT, Model


@dataclass(frozen=True, slots=True)
class Plan:
    """How one request is answered. layout: of "text", "image", "draft", "thought" (text). delay, pace: seconds.

    cut: what happens in the middle of the body: "reset", "truncated", "truncated-clean", "stuck". damage: what is
    wrong with the body. burst: how many requests fail first, 0 for all of them.
    """

    layout: tuple[str, ...] = ("text", "image")
    delay: float = 0.0
    silent: bool = False
    pace: float = 0.0
    exact_bytes: int = 0
    size: str = ""
    cut: str = ""
    damage: str = ""
    finish: str = "STOP"
    finish_message: str = ""
    block: str = ""
    error: ApiError | None = None
    burst: int = 0
    headers: dict[str, str] = field(default_factory=dict)


Change = Callable[[Plan, list[int]], Plan]


def _number(given: list[int], at: int, default: int) -> int:
    return given[at] if len(given) > at else default


def _limited(seconds: int) -> ApiError:
    return ApiError(
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details.",
        [
            detail("QuotaFailure", violations=[{"quotaMetric": "generate_requests_per_model"}]),
            detail(
                "Help",
                links=[{"description": "Learn more", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}],
            ),
            detail("RetryInfo", retryDelay=f"{seconds}s"),
        ],
    )


_INTERNAL = ApiError("INTERNAL", "An internal error has occurred.")
_OVERLOADED = ApiError("UNAVAILABLE", "The model is overloaded. Please try again later.")


def _set(**changes: object) -> Change:
    return lambda plan, _: replace(plan, **changes)  # type: ignore[arg-type]


def _drip(plan: Plan, given: list[int]) -> Plan:
    return replace(
        plan, layout=("image",), pace=_number(given, 0, 2000) / 1000, exact_bytes=_number(given, 1, 2_000_000)
    )


# name → (what it does, how it changes the plan)
SCENARIOS: dict[str, tuple[str, Change]] = {
    "slow": ("the first byte comes after 2000 ms, or N", lambda p, n: replace(p, delay=_number(n, 0, 2000) / 1000)),
    "silent": ("no answer ever", _set(silent=True)),
    "drip": ("the body takes 2000 ms, or N, for a picture of 2 000 000 bytes, or M", _drip),
    "size": ("a PNG of exactly N bytes", lambda p, n: replace(p, exact_bytes=_number(n, 0, 1_000_000))),
    "429": ("rate limited, RetryInfo 22 s, or N", lambda p, n: replace(p, error=_limited(_number(n, 0, 22)))),
    "429-header": (
        "rate limited, Retry-After alone, 7 s",
        _set(error=ApiError("RESOURCE_EXHAUSTED", "Resource has been exhausted."), headers={"Retry-After": "7"}),
    ),
    "500": ("always an internal error", _set(error=_INTERNAL)),
    "503": ("always overloaded", _set(error=_OVERLOADED)),
    "500-burst": (
        "one internal error, or N, then a picture",
        lambda p, n: replace(p, error=_INTERNAL, burst=_number(n, 0, 1)),
    ),
    "503-burst": (
        "one overload, or N, then a picture",
        lambda p, n: replace(p, error=_OVERLOADED, burst=_number(n, 0, 1)),
    ),
    "429-burst": (
        "one rate limit of 0 s, or N of them, then a picture",
        lambda p, n: replace(p, error=_limited(0), burst=_number(n, 0, 1)),
    ),
    "stuck": ("half a picture, then silence", _set(cut="stuck")),
    "reset": ("half a picture, then a TCP reset", _set(cut="reset")),
    "truncated": ("half a picture, then the connection closes", _set(cut="truncated")),
    "truncated-clean": ("half a picture in a body that HTTP calls whole", _set(cut="truncated-clean")),
    "bad-base64": ("a picture that is no base64", _set(damage="base64")),
    "bad-type": ("a page of HTML", _set(damage="type")),
    "gzip": ("a compressed body that nobody asked for", _set(damage="gzip")),
    "redirect": ("302 to another host", _set(damage="redirect")),
    "bomb": ("a picture that does not end", _set(damage="bomb", layout=("image",))),
    "leak": ("500 whose text holds the key and the prompt", _set(damage="leak")),
    "safety": ("the prompt is blocked", _set(block="SAFETY")),
    "image-safety": (
        "text, then the picture is withheld",
        _set(layout=("text",), finish="IMAGE_SAFETY", finish_message="Unable to show the generated image."),
    ),
    "no-image": (
        "text and no picture",
        _set(layout=("text",), finish="NO_IMAGE", finish_message="No image was generated."),
    ),
    "two-images": ("two pictures", _set(layout=("text", "image", "image"))),
    "interleaved": ("text between pictures", _set(layout=("text", "image", "text", "image", "text"))),
    "drafts": ("a thought, a draft, then the picture", _set(layout=("thought", "draft", "text", "image"))),
    "thought-only": ("the only picture is a draft", _set(layout=("text", "draft"))),
    "4k": ("a picture in 4K", _set(size="4K")),
    "no-candidates": ("usage and nothing else", _set(layout=(), damage="no-candidates")),
    "finish-twice": ("the last event twice", _set(damage="finish-twice")),
    "error-in-stream": ("text, then an error as an event", _set(layout=("text",), damage="error-event")),
    "bare-error-in-stream": ("text, then an error as bare JSON", _set(layout=("text",), damage="bare-error")),
    "array-error": ("400 whose body is an array", _set(damage="array-error")),
    "data-first": ("a picture whose data stands before its mimeType", _set(damage="data-first")),
    "unicode": ("text with U+2028, emoji and escapes", _set(layout=("unicode", "image"))),
    "usage-split": ("usage that lists a modality twice", _set(damage="usage-split")),
}

_TUNED = re.compile(r"(.+?)((?:-\d+(?:MB|KB)?)*)")
_UNITS = {"MB": 1_000_000, "KB": 1_000, "": 1}


def find(model_id: str) -> tuple[Model, str, Plan]:
    """The model, the scenario's name ("" for none) and the plan that a model's name asks for. Raises ApiError."""
    base, dashes, name = model_id.partition("--")
    if not dashes and model_id.startswith("emulator-"):
        base, name = DEFAULT.id, model_id.removeprefix("emulator-")
    if base in BY_ID and not name:
        return BY_ID[base], "", Plan()
    if base in BY_ID and name in SCENARIOS:
        return BY_ID[base], name, SCENARIOS[name][1](Plan(), [])
    match = _TUNED.fullmatch(name)
    if base in BY_ID and match and match[1] in SCENARIOS:
        numbers = [int(n) * _UNITS[unit] for n, unit in re.findall(r"-(\d+)(MB|KB|)", match[2])]
        return BY_ID[base], match[1], SCENARIOS[match[1]][1](Plan(), numbers)
    raise ApiError(
        "NOT_FOUND",
        f"models/{model_id} is not found for API version v1beta, or is not supported for generateContent."
        " Call ListModels to see the list of available models and their supported methods.",
    )
