"""Portkey's gateway on Node. Headers say where to send a request, and to keep pictures in the answer."""

from pathlib import Path

from bench.job import Job
from bench.peers.base import Command, Peer, Place, chat, run
from bench.pictures import Ask

_PACKAGE = "portkey/node_modules/@portkey-ai/gateway"


class Portkey(Peer):
    """@portkey-ai/gateway in a folder of its own."""

    name = "Portkey"
    surfaces = ("REST unary", "REST stream")
    ready_path = "/"
    tool = "npm"

    def install(self, folder: Path) -> None:
        """Install by npm."""
        place = folder / "portkey"
        if not (folder / _PACKAGE / "build/start-server.js").exists():
            place.mkdir(parents=True, exist_ok=True)
            run(
                "npm",
                "install",
                "--silent",
                "--no-audit",
                "--no-fund",
                "--prefix",
                ".",
                "@portkey-ai/gateway",
                cwd=place,
            )

    def version(self, folder: Path) -> str:
        """The gateway's and Node's."""
        words = (
            f"console.log(require({str(folder / _PACKAGE / 'package.json')!r}).version + ', Node ' + process.version)"
        )
        return run("node", "-e", words)

    def command(self, place: Place, folder: Path) -> Command:
        """Without its console."""
        server = str(folder / _PACKAGE / "build/start-server.js")
        return Command(["node", server, f"--port={place.ports[0]}", "--headless"], {"NODE_ENV": "production"})

    def job(self, surface: str, ask: Ask, place: Place) -> Job:
        """A chat completion."""
        headers = {
            "authorization": "Bearer bench",
            "x-portkey-provider": "google",
            "x-portkey-custom-host": f"{place.upstream}/v1beta",
            # Without it a unary answer has no picture.
            "x-portkey-strict-open-ai-compliance": "false",
        }
        return chat(ask, place, stream=surface == "REST stream", shape="content_blocks", headers=headers)
