"""One hostile input, and how it stands in a file: a line of JSON, then its bytes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """kind: of running.KINDS. head: how the bytes are sent, JSON. seed: what it was invented from.

    repeat: (start, end, times), a slice of the body that stands there so many times: what is long is stored short.
    """

    kind: str
    body: bytes
    head: dict[str, Any] = field(default_factory=dict)
    seed: str = ""
    repeat: tuple[int, int, int] | None = None

    @property
    def data(self) -> bytes:
        """What is sent."""
        if self.repeat is None:
            return self.body
        start, end, times = self.repeat
        return self.body[:start] + self.body[start:end] * times + self.body[end:]

    def write(self, path: Path) -> None:
        """Write it to a file."""
        first: dict[str, Any] = {"kind": self.kind, **self.head}
        if self.repeat is not None:
            first["repeat"] = self.repeat
        path.write_bytes(json.dumps(first).encode() + b"\n" + self.body)

    def with_body(self, body: bytes) -> "Case":
        """The same with another body."""
        return replace(self, body=body, repeat=None)


def read(path: Path) -> Case:
    """A case from its file."""
    first, _, body = path.read_bytes().partition(b"\n")
    head = json.loads(first)
    kind, repeat = head.pop("kind"), head.pop("repeat", None)
    return Case(kind, body, head, path.stem, tuple(repeat) if repeat else None)


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, in a few words that group it, and in more."""

    kind: str
    text: str


def told(findings: Iterable[tuple[Case, Finding]]) -> str:
    """A line for each."""
    return "\n".join(f"{case.kind} {case.seed}: {finding.kind}: {finding.text:.600}" for case, finding in findings)
