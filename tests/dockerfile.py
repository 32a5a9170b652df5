"""What stands in the Dockerfile, by stage."""

import json
import re
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "Dockerfile").read_text()
STAGES: dict[str, str] = dict(re.findall(r"^FROM \S+ AS (\w+)$(.*?)(?=^FROM |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def instruction(stage: str, name: str) -> list[str]:
    """What runs by ENTRYPOINT, CMD or HEALTHCHECK, in its JSON form."""
    found = re.findall(rf"^{name} [^\[]*(\[.+\])$", STAGES[stage].replace("\\\n", ""), re.MULTILINE)
    words: list[str] = json.loads(found[0])
    return words


def environ(stage: str) -> dict[str, str]:
    """The server's variables that ENV sets."""
    return dict(re.findall(r"(IMAGEWIRE_\w+)=(\S+)", STAGES[stage]))
