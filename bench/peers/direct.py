"""No gateway: the load speaks to the fake upstream itself. What it takes is in every other figure too."""

import json
from pathlib import Path

from bench.job import Job
from bench.peers.base import PROMPT, Command, Peer, Place
from bench.pictures import Ask


class Direct(Peer):
    """The upstream, as its callers would call it."""

    name = "direct"
    surfaces = ("REST unary", "REST stream")
    ready_path = ""

    def install(self, folder: Path) -> None:
        """Nothing to install."""

    def version(self, folder: Path) -> str:
        """No version."""
        return ""

    def command(self, place: Place, folder: Path) -> Command | None:
        """Nothing to start."""
        return None

    def job(self, surface: str, ask: Ask, place: Place) -> Job:
        """A call of Google's API."""
        return google(surface, ask, place.upstream.removeprefix("http://"))


def google(surface: str, ask: Ask, address: str) -> Job:
    """A call of Google's API at an address."""
    stream = surface == "REST stream"
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    body = {
        "contents": [{"role": "user", "parts": [{"text": PROMPT}]}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
    }
    path = f"/v1beta/models/{ask.model}:{method}"
    return Job("http", stream, address, ask.model, ask.size, path, json.dumps(body), "google")
