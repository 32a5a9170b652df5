"""What a caller asks the emulator to do: by the model's name, by the header x-emulate, or by a line of the prompt.

All three name scenarios of the same tables. A model's name ends with one, with its numbers: "emulator-drip-500".
The header and the prompt have a list: "latency=realistic; cut@70% after 2 times 1".
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from imagewire_emulator.accidents import CUTS
from imagewire_emulator.errors import ApiError, invalid
from imagewire_emulator.models import BY_ID, DEFAULT, Model
from imagewire_emulator.plan import Change, Plan
from imagewire_emulator.reasons import REASONS, spelled
from imagewire_emulator.scenarios import NUMBERS, SCENARIOS, UNITS

ALL = SCENARIOS | REASONS
HEADER = "x-emulate"

_TUNED = re.compile(r"(.+?)((?:-\d{1,12}(?:\.\d{1,3})?(?:MB|KB|ms|s)?)*)")
_NUMBER = re.compile(r"-(\d+(?:\.\d+)?)(MB|KB|ms|s|)")
_DIRECTIVE = re.compile(
    r"(?P<name>[a-z0-9-]+)(?:\s*=\s*(?P<value>[\w.-]+(?:\s*,\s*[\w.-]+)*))?(?:\s*@\s*(?P<percent>\d{1,3})%)?"
    r"(?:\s+after\s+(?P<after>\d{1,9}))?(?:\s+times\s+(?P<times>[1-9]\d{0,8}))?"
)
_IN_LINE = re.compile(rf"(?:^|[ \t]){HEADER}:", re.IGNORECASE)
_LONGEST = 100
_BURST = "-burst"
_REASONED = ("finish", "block")
_KEPT_COUNTS = 10_000


@dataclass(frozen=True, slots=True)
class Directive:
    """A scenario with its numbers. The first `after` requests go without it, and then it holds `times`, 0 for ever."""

    text: str
    name: str
    change: Change
    numbers: tuple[int, ...] = ()
    after: int = 0
    times: int = 0


def named(text: str) -> Directive | None:
    """The directive for a scenario's name with its numbers: "drip-2000-8MB". None if there is no such scenario."""
    match = _TUNED.fullmatch(text)
    numbers: tuple[int, ...] | None = ()
    if text in ALL:
        name = text
    elif match and match[1] in ALL:
        name = match[1]
        numbers = _numbers(NUMBERS.get(name, ()), _NUMBER.findall(match[2]))
    else:
        return None
    if numbers is None:
        return None
    times = (numbers[0] if numbers else 1) if name.endswith(_BURST) else 0
    return Directive(text, name, ALL[name][1], numbers, times=times)


def _numbers(kinds: tuple[str, ...], given: list[tuple[str, str]]) -> tuple[int, ...] | None:
    """The numbers, None if there are too many, or one is too small, too large, not whole, or of the wrong unit."""
    if len(given) > len(kinds):
        return None
    read = []
    for kind, (value, unit) in zip(kinds, given, strict=False):
        least, most, factors = UNITS[kind]
        number = Decimal(value) * factors.get(unit, 0)
        if unit not in factors or not least <= number <= most or number % 1:
            return None
        read.append(int(number))
    return tuple(read)


def parse(text: str) -> list[Directive]:
    """The directives of a header or a prompt. Raises ApiError, which names the nearest that there is."""
    return [_parsed(word.strip()) for word in text.split(";") if word.strip()]


def _parsed(text: str) -> Directive:
    match = _DIRECTIVE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        word = re.split(r"[\s=@]", text, maxsplit=1)[0]
        hint = "" if word in ALL else _nearest(word)
        raise _wrong(text, f"is not NAME[=VALUE,...][@PERCENT%] [after N] [times N]{hint}")
    name, value, percent = match["name"], match["value"], match["percent"]
    values = re.sub(r"\s*,\s*", "-", value or "")
    if name == "status":
        name, values = values, ""
        if name not in ALL or not name.isdecimal():
            known = ", ".join(sorted(each for each in ALL if each.isdecimal()))
            raise _wrong(text, f"is no status that the emulator can answer with: {known}")
    if percent is not None and (name in ALL or name in _REASONED):
        if name not in CUTS or values or int(percent) > 100:
            raise _wrong(text, f"has a percentage; only one of {', '.join(sorted(CUTS))} has it, from 0% to 100%")
        values = percent
    if name in _REASONED:
        name, values = f"{name}-{spelled(values)}", ""
    found = named(f"{name}-{values}" if values else name)
    if found is None:
        words = f"has a value that {name} does not take" if named(name) else f"is unknown{_nearest(name)}"
        raise _wrong(text, words)
    after, times = int(match["after"] or 0), int(match["times"] or found.times)
    return Directive(text, found.name, found.change, found.numbers, after, times)


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), [*ALL, "status"], n=1, cutoff=0.0)
    return f"; the nearest that there is: {near[0]}"


def _wrong(text: str, words: str) -> ApiError:
    return invalid(f'{HEADER}: "{text[:80]}" {words}. GET /_emulator/scenarios lists all.', HEADER)


def unknown_publisher_model(model_id: str) -> str:
    """Vertex AI's words for a model that it does not have."""
    return (
        f"Publisher Model `publishers/google/models/{model_id[:60]}` was not found or your project does not have access"
        " to it. Please ensure you are using a valid model version. For more information, see:"
        " https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions"
    )


def of_model(model_id: str, *, vertex: bool = False) -> tuple[Model, Directive | None]:
    """The model and the directive that its name ends with: "MODEL", "MODEL--NAME", "emulator-NAME". Raises ApiError."""
    base, dashes, name = model_id.partition("--")
    if not dashes and model_id.startswith("emulator-"):
        base, name = DEFAULT.id, model_id.removeprefix("emulator-")
    if base in BY_ID and not name:
        return BY_ID[base], None
    if base in BY_ID and (directive := named(name)) is not None:
        return BY_ID[base], directive
    if vertex:
        raise ApiError("NOT_FOUND", unknown_publisher_model(model_id))
    raise ApiError(
        "NOT_FOUND",
        f"models/{model_id} is not found for API version v1beta, or is not supported for generateContent."
        " Call ListModels to see the list of available models and their supported methods.",
    )


def of_prompt(wanted: dict[str, Any]) -> str:
    """Take the directives out of the last user turn, which is then as if they had not been there."""
    users = [turn for turn in wanted["contents"] if turn.get("role", "user") == "user"]
    found: list[str] = []
    for part in users[-1]["parts"] if users else ():
        if _IN_LINE.search(part.get("text", "").replace("\n", " ")):
            part["text"] = "\n".join(_without_directives(part["text"], found))
    return "; ".join(found)


def _without_directives(text: str, found: list[str]) -> Iterator[str]:
    """The lines of a text. What stands behind x-emulate: is added to `found`."""
    for line in text.split("\n"):
        if match := _IN_LINE.search(line):
            found.append(line[match.end() :].strip())
        if match is None or match.start():
            yield line[: match.start()] if match else line


class Counts:
    """How often a directive was asked for, for each path. At most 10 000 of them are counted."""

    def __init__(self) -> None:
        self._asked: Counter[tuple[str, str]] = Counter()

    def clear(self) -> None:
        """Forget all."""
        self._asked.clear()

    def applied(self, plan: Plan, directives: Iterable[Directive], path: str) -> Plan:
        """The plan, changed by those directives that hold for this request, in their order."""
        for directive in directives:
            if directive.after or directive.times:
                key = path, directive.text
                number = self._asked[key]
                if len(self._asked) > _KEPT_COUNTS:
                    self.clear()
                self._asked[key] = number + 1
                if number < directive.after or (directive.times and number >= directive.after + directive.times):
                    continue
            plan = directive.change(plan, list(directive.numbers))
        return plan
