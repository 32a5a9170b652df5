"""The kinds of hostile input: how each is invented and sent."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.hostile import configs, forms, http1, http2, protobuf, rest_json, sending
from tests.fuzz.hostile.case import Case
from tests.fuzz.hostile.sending import Send

_SEEDS = Path(__file__).parent / "seeds.txt"


@dataclass(frozen=True)
class Kind:
    """at_once: how many are sent beside each other. key: what callers of the server must show."""

    invent: Callable[[int], Case]
    send: Send
    at_once: int = 1
    key: str = ""


KINDS: dict[str, Kind] = {
    "protobuf": Kind(protobuf.invent, sending.send_grpc, 2),
    "rest": Kind(rest_json.invent, sending.send_rest, 2),
    "form": Kind(forms.invent, sending.send_rest, 2),
    "http1": Kind(http1.invent, sending.send_http1, 8),
    "config": Kind(configs.invent, sending.send_config, key="a-master-key"),  # a reload never takes a key away
    "http2": Kind(http2.invent, sending.send_http2, 8),
}


def known_seeds(kind: str) -> list[int]:
    """The seeds of a kind that found a fault once; they are always run."""
    lines = (line.partition("#")[0].split() for line in _SEEDS.read_text().splitlines())
    return [int(line[1]) for line in lines if line and line[0] == kind]
