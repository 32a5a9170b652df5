"""Plans out of seeds: mostly few oddities, so that a failure says which; sometimes many."""

import random
from collections.abc import Sequence

from tests.fuzz import odd
from tests.fuzz.damage import CORRUPTIONS, CUTS, OTHERS
from tests.fuzz.framing import FRAMINGS
from tests.fuzz.plan import PartPlan, Plan

_UNKNOWN = tuple(f"unknown-{sort}" for sort in odd.SORTS)
_AROUND = (
    *_UNKNOWN, "snake", "nulls", "shuffled", "odd-thought", "no-signature", "part-metadata",
    "urlsafe-signature", "escaped-signature", "bad-signature", "long-signature", "unknown-twice",
    "null-twins",
)  # fmt: skip
_BESIDE = ("empty-text", "text-beside", "call-beside")
_BLOB = (
    "mime-behind", "no-mime", "odd-mime", "urlsafe", "both-alphabets", "unpadded", "escapes", "some-escapes",
    "display-name", "blob-unknown", "blob-like-a-picture",
)  # fmt: skip
QUIRKS: dict[str, Sequence[str]] = {
    "text": ("empty", "no-text", "surrogate", "not-utf8", *_AROUND),
    "picture": (*_BLOB, *_AROUND, *_BESIDE),
    "media": (*_BLOB, *_AROUND, *_BESIDE),
    "call": ("no-args", "deep", "big", "like-a-picture", *_AROUND),
    "native": ("invented", "deep", "like-a-picture", *_AROUND),
    "elsewhere": _AROUND,
    "nothing": ("snake",),
}
DOCUMENT_QUIRKS = (
    "snake", "nulls", "nulls-in-lists", "single-objects", "no-role", "role-first", "unknown-content", "index-string",
    "index-odd", "index-first", "candidates-last", "candidates-reversed", "extra-documents", "version", "model-status",
    "prompt-feedback", "finish-late", "finish-early", "finish-unspecified-first", "finish-lower", "finish-number",
    "finish-unspecified", "finish-message", "finish-then-null", "ratings", "groundingMetadata", "citationMetadata",
    "avg-logprobs", "usage-strings", "usage-odd", "usage-details", "no-usage", "usage-each", "usage-own-document",
    *(f"unknown-{place}-{sort}" for place in ("candidate", "top") for sort in odd.SORTS),
)  # fmt: skip
STYLES = ("pretty", "crlf", "tabs", "spaced", "ascii", "slashes", "html", "escaped-keys")
FRAME_QUIRKS = {
    "sse": ("crlf", "lf", "cr", "bom", "comments", "inner-comments", "fields", "inner-fields", "no-space",
            "leading-blanks", "two-spaces", "no-final-blank", "done", "tail", "empty-events"),
    "array-in-sse": ("crlf", "lf", "cr", "bom", "comments", "no-space", "no-final-blank", "done", "split-array"),
}  # fmt: skip
LABELS = ("text/event-stream", "application/json", "text/plain; charset=utf-8", None, "application/octet-stream",
          "application/x-ndjson", "text/html",
          "Text/Event-Stream;charset=UTF-8", "application/json; charset=UTF-8", "application/stream+json")  # fmt: skip
WIRE = ("gzip", "chunked", "close")


def invent(seed: int) -> Plan:
    """The plan of a seed. Every fourth is damaged."""
    rng = random.Random(f"invent/{seed}")
    wild = rng.choice([0.0, 0.0, 0.25, 0.25, 0.5, 1.0])
    framing = rng.choices(FRAMINGS, [50, 12, 6, 8, 6, 18])[0]
    parts = _parts(rng, wild, framing)
    sse = framing in {"sse", "array-in-sse"}
    right = "text/event-stream" if sse else "application/json"
    return Plan(
        seed=str(seed),
        parts=tuple(parts),
        quirks=_some(rng, DOCUMENT_QUIRKS, wild * 3),
        style=_some(rng, STYLES, 1 if rng.random() < 0.4 else 0),
        framing=framing,
        frame=_some(
            rng, FRAME_QUIRKS.get(framing, ("bom", "leading-blanks")), 2 if sse and rng.random() < 0.6 else wild / 2
        ),
        label=right if rng.random() < 0.7 else rng.choice(LABELS),
        wire=_some(rng, WIRE, 0.7),
        pieces=rng.choice(["whole", "bytes", "small", "medium", "medium", "large"]),
        damage=rng.choice((*CUTS, *CUTS, *CORRUPTIONS, *OTHERS)) if seed % 4 == 3 else "",
    )


def _parts(rng: random.Random, wild: float, framing: str) -> list[PartPlan]:
    count = rng.choices([0, 1, 2, 3, 4, 6, 9, 40], [2, 15, 25, 25, 15, 10, 7, 1])[0]
    two = rng.random() < 0.05
    made: list[PartPlan] = []
    document = 0
    for ident in range(count):
        kind = rng.choices(list(QUIRKS), [38, 36, 5, 5, 8, 3, 5])[0]
        quirks = _some(rng, QUIRKS[kind], wild * 2)
        if kind != "nothing":
            quirks += tuple(name for name, chance in (("thought", 0.15), ("signed", 0.25)) if rng.random() < chance)
        if framing != "object" and ident and rng.random() < 0.6:
            document += 1
        made.append(PartPlan(ident, kind, _size(rng), quirks, rng.randint(0, 1) if two else 0, document))
    return made


def _size(rng: random.Random) -> int:
    chance = rng.random()
    if chance < 0.002:
        return rng.randint(1_000_000, 5_000_000)
    if chance < 0.2:
        return int(8_000 * 40 ** rng.random())
    return int(70 * 110 ** rng.random())


def _some(rng: random.Random, names: Sequence[str], mean: float) -> tuple[str, ...]:
    """About `mean` of the names."""
    chosen: list[str] = []
    while mean > 0 and rng.random() < mean / (mean + 1):
        name = rng.choice(names)
        if name not in chosen:
            chosen.append(name)
    return tuple(chosen)
