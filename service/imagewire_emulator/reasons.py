"""A scenario for each reason for which Google ends an answer, or blocks a prompt: `finish=MAX_TOKENS`, `block=OTHER`.

A model's name has them in its own spelling: "emulator-finish-max-tokens".
"""

from imagewire_emulator.plan import Scenarios, changed

FINISH = (
    "BLOCKLIST",
    "CONTINUATION",
    "ESCALATION",
    "FINISH_REASON_UNSPECIFIED",
    "IMAGE_OTHER",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "IMAGE_SAFETY",
    "LANGUAGE",
    "MALFORMED_FUNCTION_CALL",
    "MALFORMED_RESPONSE",
    "MAX_TOKENS",
    "MISSING_THOUGHT_SIGNATURE",
    "MODEL_ARMOR",
    "NO_IMAGE",
    "OTHER",
    "PROHIBITED_CONTENT",
    "PUP_LIMITED_DISABLED",
    "RECITATION",
    "SAFETY",
    "SPII",
    "STOP",
    "TOO_MANY_TOOL_CALLS",
    "UNEXPECTED_TOOL_CALL",
)
BLOCK = (
    "BLOCKED_REASON_UNSPECIFIED",
    "BLOCKLIST",
    "IMAGE_SAFETY",
    "JAILBREAK",
    "MODEL_ARMOR",
    "OTHER",
    "PROHIBITED_CONTENT",
    "SAFETY",
)


def spelled(reason: str) -> str:
    """A reason as it stands in a model's name."""
    return reason.lower().replace("_", "-")


REASONS: Scenarios = {
    f"finish-{spelled(reason)}": (f"text, then {reason}", changed(layout=("text",), finish=reason)) for reason in FINISH
} | {f"block-{spelled(reason)}": (f"the prompt is blocked: {reason}", changed(block=reason)) for reason in BLOCK}
