"""An invented answer: its body, its pieces, and the truth about it."""

from dataclasses import dataclass
from typing import Any

from tests.fuzz import damage, documents, framing
from tests.fuzz.json_text import Base64, Writer
from tests.fuzz.plan import Plan, Truth


@dataclass(frozen=True)
class Answer:
    """What a provider sends, and what must arrive of it. spans: where its documents begin and end."""

    plan: Plan
    body: bytes
    truth: Truth
    spans: tuple[tuple[int, int], ...]

    @property
    def pieces(self) -> list[bytes]:
        """The body as it comes."""
        return framing.pieces(self.plan, self.body)


def build(plan: Plan) -> Answer:
    """The answer of a plan."""
    nodes, truth = documents.build(plan)
    if plan.damage and plan.damage not in damage.CUTS:
        nodes = damage.corrupt(plan, nodes, truth)
    writer = Writer(plan.style if plan.framing != "ndjson" else _one_line(plan.style), plan.rng("style"))
    framed = framing.frame(plan, [writer.write(node) for node in nodes])
    body = framed.body
    if plan.damage in damage.CUTS:
        pictures = [_written(node) for node in damage.blobs(nodes)]
        body = damage.cut(plan, framed, pictures, truth)
    return Answer(plan, body, truth, framed.spans)


def _written(blob: Any) -> bytes:
    """A picture's base64 as it stands in the body, without its last quote."""
    return next(value.written() for _, value in blob if isinstance(value, Base64))[:-1]


def _one_line(style: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in style if name not in {"pretty", "crlf", "tabs"})
