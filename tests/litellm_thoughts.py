"""What LiteLLM's answers have beside ours, as `completion` and REST must read it alike when it is sent back."""

from typing import Any

THOUGHTS = [{"type": "thinking", "thinking": "I weigh"}, {"type": "thinking", "thinking": " it.", "signature": "c2ln"}]
# Fields of a message, and its thoughts.
BESIDE: list[tuple[dict[str, Any], list[str]]] = [
    ({"thinking_blocks": []}, []),
    ({"thinking_blocks": THOUGHTS}, ["I weigh it."]),
    ({"thinking_blocks": THOUGHTS, "reasoning_content": "I weigh it."}, ["I weigh it."]),
    ({"thinking_blocks": [{"type": "thinking"}], "annotations": [], "audio": None}, []),
]
