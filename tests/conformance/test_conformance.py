"""Every case, in every language: one runner for all cases of a kind of server."""

import json
from pathlib import Path

import pytest

from tests.conformance import cases
from tests.conformance.languages import LANGUAGES
from tests.conformance.running import judged, printed, wrong_in
from tests.conformance.servers import serving

pytestmark = pytest.mark.timeout(600)  # A first run compiles gRPC.

PRO = "gemini/gemini-3-pro-image"


@pytest.mark.parametrize("kind", cases.KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_cases(language: str, kind: str, tmp_path: Path) -> None:
    wrong = await judged(language, LANGUAGES[language](), kind, tmp_path)
    failed = [f"{name}: {each}" for name, all_ in wrong.items() for each in all_]
    assert not failed, "\n".join(failed)
    assert wrong


async def test_a_chat_goes_on_in_every_language(tmp_path: Path) -> None:
    """Each language edits what the one before drew; the model requires the signatures of all of them."""
    commands = {language: find() for language, find in LANGUAGES.items()}
    file = tmp_path / "chat.json"
    async with serving("plain", tmp_path) as server:
        for index, (language, command) in enumerate([*commands.items(), *commands.items()]):
            step = {"call": "chat", "model": PRO, "prompt": f"relay: as {language} would", "save": str(file)}
            case = {
                "name": "relay",
                "steps": [step | ({"load": str(file)} if index else {})],
                "expect": [{"finish_reason": "STOP", "parts": "*"}],
                "upstream": {"calls": index + 1, "outcomes": ["ok"] * (index + 1)},
            }
            path = tmp_path / f"{index}.json"
            path.write_text(json.dumps(case))
            seen = (await printed(command, server, [path]))["relay"]
            assert await wrong_in(case, seen, server) == [], language
        last = server.entries()[-1].body["contents"]
        assert len(last) == 4 * len(commands) - 1
        drawn = [part for said in last if said["role"] == "model" for part in said["parts"] if "inlineData" in part]
        assert all(part["thoughtSignature"] for part in drawn)
        assert not server.entries()[-1].headers.get("x-imagewire-signature-bypass")
