"""Names with "*", each of which stands for any text: what fits them, and which comes first, as in LiteLLM."""

import re
from collections.abc import Sequence

_OPERATORS = "*+?\\^$|()"


def match(pattern: str, name: str) -> tuple[str, ...] | None:
    """What each "*" of a pattern stands for in a name, the first as much as it can; None if the name does not fit."""
    first, *others = pattern.split("*")
    if not others:
        return () if pattern == name else None
    if not name.startswith(first):
        return None
    found: list[str] = []
    end = len(name)
    for number, text in enumerate(reversed(others)):
        at = name.rfind(text, len(first), end)
        if at < 0 or (number == 0 and at + len(text) != end):
            return None
        found.append(name[at + len(text) : end])
        end = at
    return (name[len(first) : end], *reversed(found[1:]))


def fits(pattern: str, name: str) -> bool:
    """Whether a name is one of those that a pattern with a "*" stands for."""
    return "*" in pattern and match(pattern, name) is not None


def filled(pattern: str, parts: Sequence[str]) -> str:
    """A pattern with a text in the place of each "*"; without a "*", the pattern itself."""
    if "*" not in pattern:
        return pattern
    first, *others = pattern.split("*")
    return first + "".join(part + text for part, text in zip(parts, others, strict=True))


def rank(pattern: str) -> tuple[int, int]:
    """Which of several patterns that fit a name comes first: that of the highest rank, and of equal ones the first."""
    expression = re.escape(pattern).replace(r"\*", "(.*)")
    return len(expression), sum(expression.count(one) for one in _OPERATORS)
