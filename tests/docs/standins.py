"""What stands in for commands that a page names and a test cannot let run as they are.

`standins.py NAME ARGUMENT...` does as the command NAME as far as it can, and fails where the command would.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
NAMES = ("docker", "grpcurl", "imagewire-emulator", "imagewire-server", "kubectl", "make", "pip")
_FREE = {"--grpc": "127.0.0.1:0", "--rest": "127.0.0.1:0", "--port": "0", "--workers": "1"}


def make(*arguments: str) -> int:
    """The targets are there."""
    return subprocess.run(["make", "-C", ROOT, "-n", *arguments], stdout=subprocess.DEVNULL, check=False).returncode


def pip(action: str, *requirements: str) -> int:
    """What is installed is ours, or in this repository, with the extras it is asked for."""
    assert action == "install"
    folders = [ROOT, ROOT / "clients/python"]
    ours = [tomllib.loads((folder / "pyproject.toml").read_text())["project"] for folder in folders]
    for requirement in requirements:
        match = re.fullmatch(r"([\w./-]+)(?:\[(\w+)\])?", requirement)
        assert match, requirement
        if requirement.startswith("."):
            project = ours[folders.index((ROOT / match[1]).resolve())]
        else:
            (project,) = [project for project in ours if project["name"] == match[1]]
        assert match[2] is None or match[2] in project["optional-dependencies"], requirement
    return 0


def docker(*arguments: str) -> int:
    """The Dockerfile is built here, the image run is the one that was named, a profile of compose is in its file."""
    match arguments:
        case ["build", "-t", "imagewire", "."]:
            return 0 if (ROOT / "Dockerfile").is_file() else 1
        case ["build", "--target", stage, "-t", name, "."]:
            assert name == f"imagewire-{stage}"
            return 0 if f" AS {stage}\n" in (ROOT / "Dockerfile").read_text() else 1
        case ["run", *options, ("imagewire" | "imagewire-emulator") as image]:
            published = {word.rpartition(":")[2] for word in options if re.fullmatch(r"[\d.]+:\d+:\d+", word)}
            stage = image.removeprefix("imagewire").removeprefix("-") or "server"
            text = (ROOT / "Dockerfile").read_text().partition(f" AS {stage}\n")[2]
            exposed = re.search(r"^EXPOSE (.+)$", text, re.MULTILINE)
            assert exposed
            assert published <= set(exposed[1].split()), published
            return 0
        case ["compose", "--profile", profile, "up"]:
            services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
            return 0 if any(profile in service["profiles"] for service in services) else 1
    raise AssertionError(arguments)


def kubectl(*arguments: str) -> int:
    """The secret is the one that the pods read, and a folder that is applied has a kustomization."""
    match arguments:
        case ["create", "secret", "generic", name, *_]:
            pods = yaml.safe_load((ROOT / "deploy/kubernetes/base/deployment.yaml").read_text())["spec"]["template"]
            assert pods["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": name}}]
            return 0
        case ["apply", "-k", folder]:
            return 0 if (ROOT / folder / "kustomization.yaml").is_file() else 1
    raise AssertionError(arguments)


def grpcurl(*words: str) -> int:
    """The same call by buf."""
    body, address, method = words[words.index("-d") + 1], words[-2], words[-1]
    url = f"http://{address}/{method}"
    return subprocess.run(
        [BIN / "buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", body, url], check=False
    ).returncode


def imagewire_server(*words: str) -> int:
    """As it is, on free ports; what would serve for ever is ended when it serves."""
    if words[0].startswith("--"):  # options without a command are those of serve; --rest has the host and the port
        at = [index for index, word in enumerate(words) if word in {"--host", "--port"}]
        words = ("serve", *(word for index, word in enumerate(words) if index not in at and index - 1 not in at))
    command = [sys.executable, "-m", "imagewire_server", *words]
    if words[0] == "health":
        return subprocess.run([*command, "--target", os.environ["IMAGEWIRE_TARGET"]], check=False).returncode
    if words == ("demo", "--open"):
        return until_it_serves(command)
    if words[0] not in {"serve", "emulate"}:
        return subprocess.run(command, check=False).returncode
    for option, value in _FREE.items():
        if option in command:
            command[command.index(option) + 1] = value
        elif (option == "--port") == (words[0] == "emulate"):
            command += [option, value]
    return until_it_serves(command)


def imagewire_emulator(*words: str) -> int:
    """As it is, on a free port; it is ended when it serves. A folder to replay is recorded here."""
    command = [sys.executable, "-m", "imagewire_emulator", *words]
    if "--port" in words:
        command[command.index("--port") + 1] = "0"
    else:
        command += ["--port", "0"]
    if "--replay" in words:
        folder = Path(words[words.index("--replay") + 1])
        folder.mkdir(exist_ok=True)
        # A process of its own: what it imports takes longer than all else that most commands do.
        subprocess.run([sys.executable, Path(__file__).with_name("recorded.py"), folder], check=True)
    return until_it_serves(command)


def until_it_serves(command: list[str]) -> int:
    """Print what it prints until it serves, and end it."""
    environ = {**os.environ, "IMAGEWIRE_DRAIN_DELAY": "0", "BROWSER": "true"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ)
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "key emulator-key" in line:
            print(line)  # noqa: T201  # the page shows it
        if '"event":"serving"' in line.replace(" ", "") or "http://" in line:
            process.terminate()
            process.communicate()
            return process.returncode
    sys.stderr.writelines(lines)
    return process.wait() or 1


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    os.environ["PATH"] = "/usr/bin:/bin"  # what is called from here is no stand-in
    sys.exit(globals()[name.replace("-", "_")](*rest))
