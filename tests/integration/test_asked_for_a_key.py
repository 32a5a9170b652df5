"""Every way to ask for authentication, in every way to start: callers must show the key, or nothing is served."""

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import grpc
import pytest

from imagewire.v1 import model_service_pb2_grpc
from imagewire_server import embedded
from imagewire_server.config import litellm
from imagewire_server.config.keys import exposed
from imagewire_server.config.source import ConfigError
from imagewire_server.contract import pb
from imagewire_server.providers.registry import load
from tests import forked
from tests.integration import processes

pytestmark = pytest.mark.system

KEY = "sk-right"
MODELS = """\
model_list:
  - {model_name: "*", litellm_params: {model: "gemini/*", api_key: k}}
"""
# A file's text and the environment.
Ask = tuple[str, Mapping[str, str]]

HONOURED: dict[str, Ask] = {
    "our variable": ("", {"IMAGEWIRE_MASTER_KEY": KEY}),
    "LiteLLM's variable": ("", {"LITELLM_MASTER_KEY": KEY}),
    "file": (f"general_settings: {{master_key: {KEY}}}\n", {}),
    "file, from the environment": ("general_settings: {master_key: os.environ/K}\n", {"K": KEY}),
    "file, our variable over it": ("general_settings: {master_key: x}\n", {"IMAGEWIRE_MASTER_KEY": KEY}),
    "file, LiteLLM's variable under it": (
        f"general_settings: {{master_key: {KEY}}}\n",
        {"LITELLM_MASTER_KEY": "another"},
    ),
    "file's environment": (f"environment_variables: {{LITELLM_MASTER_KEY: {KEY}}}\n", {}),
    "a store of keys beside a key": (
        "general_settings: {key_management_system: aws_kms}\n",
        {"IMAGEWIRE_MASTER_KEY": KEY},
    ),
    "null beside a key": (f"general_settings: {{custom_auth: null, master_key: {KEY}}}\n", {}),
}
REFUSED: dict[str, Ask] = {
    **{name: (f"general_settings: {{{name}: true}}\n", {}) for name in sorted(litellm.names("authentication"))},
    **{name: (f"general_settings: {{{name}: x}}\n", {}) for name in sorted(litellm.names("key_stores"))},
    "custom_auth beside a key": (f"general_settings: {{custom_auth: a.b, master_key: {KEY}}}\n", {}),
    "an empty list of addresses": ("general_settings: {allowed_ips: []}\n", {}),
    "include": ("include: [other.yaml]\n", {}),
    "an empty variable": ("", {"IMAGEWIRE_MASTER_KEY": ""}),
    "an empty variable of LiteLLM's": ("", {"LITELLM_MASTER_KEY": ""}),
    "an empty key": ("general_settings: {master_key: }\n", {}),
    "an empty text": ('general_settings: {master_key: ""}\n', {}),
    "a variable that is not there": ("general_settings: {master_key: os.environ/NOWHERE}\n", {}),
    "a newline": ("", {"IMAGEWIRE_MASTER_KEY": "sk\n"}),
    "a letter that no header carries": ("", {"LITELLM_MASTER_KEY": "sk-\u00e9"}),
    "a misspelt variable": ("", {"IMAGEWIRE_MASTER_KYE": KEY}),
    "a variable in small letters": ("", {"imagewire_master_key": KEY}),
    "a misspelt variable of LiteLLM's": ("", {"LITELLM_MASTERKEY": KEY}),
    "a file of LiteLLM's key": ("", {"LITELLM_MASTER_KEY_FILE": "/run/secrets/key"}),
    "file's environment, misspelt": (f"environment_variables: {{IMAGEWIRE_MASTERKEY: {KEY}}}\n", {}),
    "file's environment, in small letters": (f"environment_variables: {{litellm_master_key: {KEY}}}\n", {}),
    "file's environment, a list": (f"environment_variables: [LITELLM_MASTER_KEY={KEY}]\n", {}),
    "file's environment, empty": ("environment_variables: {LITELLM_MASTER_KEY: }\n", {}),
    "a misspelt key": (f"general_settings: {{master_kye: {KEY}}}\n", {}),
    "a key by a name of nobody's": (f"general_settings: {{litellm_master_key: {KEY}}}\n", {}),
    "an API key": (f"general_settings: {{api_key: {KEY}}}\n", {}),
    "another section": (f"litellm_settings: {{master_key: {KEY}}}\n", {}),
    "our section": (f"imagewire: {{master_key: {KEY}}}\n", {}),
    "no section": (f"master_key: {KEY}\n", {}),
    "a key that is yes or no": ("general_settings: {master_key: true}\n", {}),
    "an empty metrics key": ("", {"IMAGEWIRE_METRICS_KEY": ""}),
    "an empty metrics key in the file": ('imagewire: {metrics_key: ""}\n', {}),
    "a key of open metrics": ("", {"IMAGEWIRE_METRICS_KEY": "k", "IMAGEWIRE_METRICS": "open"}),
}
# Arguments of `serve`, and the variables that the container sets.
STARTS: dict[str, tuple[list[str], Mapping[str, str]]] = {
    "one process": (["--workers", "1"], {}),
    "workers": (["--workers", "2"], {}),
    "demo": (["--demo"], {}),
    "container": (["--workers", "1"], {"IMAGEWIRE_GRPC": "0.0.0.0:0", "IMAGEWIRE_PLAINTEXT": "anywhere"}),
}


def _file(folder: Path, text: str) -> Path:
    file = folder / "config.yaml"
    file.write_text(MODELS + text)
    return file


@pytest.mark.parametrize("ask", HONOURED)
def test_d1_what_asks_for_a_key_sets_it(tmp_path: Path, ask: str) -> None:
    text, environ = HONOURED[ask]
    assert load(_file(tmp_path, text), environ).master_key == KEY


@pytest.mark.parametrize("ask", REFUSED)
def test_d1_what_cannot_be_honoured_stops_the_start(tmp_path: Path, ask: str) -> None:
    text, environ = REFUSED[ask]
    with pytest.raises(ConfigError) as refused:
        load(_file(tmp_path, text), environ)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("ask", ["our variable", "LiteLLM's variable", "file"])
def test_d1_every_start_asks_for_the_key(tmp_path: Path, ask: str, start: str) -> None:
    text, environ = HONOURED[ask]
    arguments, more = STARTS[start]
    where = [] if more else ["--grpc", "127.0.0.1:0"]
    command = [sys.executable, "-m", "imagewire_server", "serve", "--config", str(_file(tmp_path, text)), "--no-rest"]
    process = forked.Popen(
        [*command, *where, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "IMAGEWIRE_DRAIN_DELAY": "0", **environ, **more},
    )
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        served = next(line for line in lines if '"serving"' in line)
        target = json.loads(served)["grpc"].replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        with grpc.insecure_channel(target) as channel:
            stub = model_service_pb2_grpc.ModelServiceStub(channel)
            stub.ListModels(pb.ListModelsRequest(), metadata=(("authorization", f"Bearer {KEY}"),))
            for metadata in ((), (("authorization", "Bearer x"),)):
                with pytest.raises(grpc.RpcError) as failed:
                    stub.ListModels(pb.ListModelsRequest(), metadata=metadata)
                assert failed.value.code() is grpc.StatusCode.UNAUTHENTICATED
    finally:
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        process.wait(20)
        process.stderr.close()


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("ask", ["custom_auth", "a misspelt variable"])
def test_d1_every_start_is_stopped_by_what_cannot_be_honoured(tmp_path: Path, ask: str, start: str) -> None:
    text, environ = REFUSED[ask]
    arguments, more = STARTS[start]
    ended = forked.run(
        [sys.executable, "-m", "imagewire_server", "serve", "--config", str(_file(tmp_path, text)), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environ, **more},
        check=False,
    )
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1, ended.stderr


def test_d1_a_reload_is_refused_by_what_cannot_be_honoured(tmp_path: Path) -> None:
    file = _file(tmp_path, f"general_settings: {{master_key: {KEY}}}\n")
    with processes.emulator() as emulator, processes.server(emulator.address, "--config", str(file)) as server:
        _file(tmp_path, "general_settings: {custom_auth: a.b}\n")
        server.hang_up()
        assert "custom_auth" in server.log_line("the configuration was not reloaded")["why"]
        with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError) as failed:
            model_service_pb2_grpc.ModelServiceStub(channel).ListModels(pb.ListModelsRequest())
        assert failed.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_d1_an_embedded_server_is_this_users_alone() -> None:
    target = embedded.start({"GEMINI_API_KEY": "k", "IMAGEWIRE_MASTER_KEY": KEY})
    folder = Path(target.removeprefix("unix:")).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with grpc.insecure_channel(target) as channel:
        model_service_pb2_grpc.ModelServiceStub(channel).ListModels(pb.ListModelsRequest())


@pytest.mark.parametrize(
    ("name", "value", "nearest"),
    [
        ("IMAGEWIRE_MASTERKEY", KEY, "IMAGEWIRE_MASTER_KEY"),
        ("IMAGEWIRE_GPRC", "127.0.0.1:0", "IMAGEWIRE_GRPC"),
        ("IMAGEWIRE_STALL_TIMEOUTS", "1", "IMAGEWIRE_STALL_TIMEOUT"),
        ("IMAGEWIRE_API_KEYS", "x", "IMAGEWIRE_API_KEY"),
        ("IMAGEWIRE_PORT", "50051", None),
    ],
)
def test_d1_an_unknown_variable_is_named_with_the_nearest_right_one(name: str, value: str, nearest: str | None) -> None:
    with pytest.raises(ConfigError, match=f"^{name}: unknown variable") as refused:
        load(None, {name: value})
    assert nearest is None or f"did you mean '{nearest}'?" in str(refused.value)


def test_d1_variables_of_the_client_and_of_kubernetes_are_known() -> None:
    load(
        None,
        {
            "IMAGEWIRE_API_KEY": "x",
            "IMAGEWIRE_TARGET": "embedded",
            "IMAGEWIRE_MODEL": "m",
            "IMAGEWIRE_SERVICE_HOST": "10.0.0.1",
            "IMAGEWIRE_SERVICE_PORT": "50051",
            "IMAGEWIRE_SERVICE_PORT_GRPC": "50051",
            "IMAGEWIRE_PORT": "tcp://10.0.0.1:50051",
            "IMAGEWIRE_PORT_50051_TCP": "tcp://10.0.0.1:50051",
            "IMAGEWIRE_PORT_50051_TCP_PROTO": "tcp",
            "IMAGEWIRE_PORT_50051_TCP_PORT": "50051",
            "IMAGEWIRE_PORT_50051_TCP_ADDR": "10.0.0.1",
            "IMAGEWIRE_SERVER_SERVICE_HOST": "10.0.0.1",
            "IMAGEWIRE_SERVER_PORT": "tcp://10.0.0.1:50051",
        },
    )


@pytest.mark.parametrize(
    ("grpc_at", "rest_at", "key", "warned"),
    [
        ("127.0.0.1:0", "127.0.0.1:0", "", 0),
        ("[::1]:0", "localhost:0", "", 0),
        ("unix:/tmp/x", "off", "", 0),
        ("0.0.0.0:0", "127.0.0.1:0", "", 1),
        ("0.0.0.0:0", "[::]:0", "", 2),
        ("127.0.0.1:0", "example.net:0", "", 1),
        ("0.0.0.0:0", "[::]:0", KEY, 0),
    ],
)
def test_d1_listening_for_others_without_a_key_is_warned_of(grpc_at: str, rest_at: str, key: str, warned: int) -> None:
    given = load(None, {"IMAGEWIRE_GRPC": grpc_at, "IMAGEWIRE_REST": rest_at, "IMAGEWIRE_PLAINTEXT": "anywhere"})
    assert len(exposed(given.settings, asks_for_key=bool(key))) == warned


def test_d1_the_warning_is_in_the_log_and_in_health(tmp_path: Path) -> None:
    with processes.emulator() as emulator:
        where = ["--grpc", "0.0.0.0:0", "--rest", "127.0.0.1:0", "--plaintext", "anywhere"]
        process = forked.Popen(
            [sys.executable, "-m", "imagewire_server", "serve", *where, "--workers", "1"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "GEMINI_API_KEY": "k", "IMAGEWIRE_GEMINI_BASE_URL": emulator.address},
        )
        assert process.stderr is not None
        try:
            first = json.loads(process.stderr.readline())
            assert (first["level"], "IMAGEWIRE_MASTER_KEY" in first["event"]) == ("warning", True)
            serving = json.loads(process.stderr.readline())
            for path in ("/health", "/health/readiness"):
                with urllib.request.urlopen(f"http://{serving['rest']}{path}") as answer:
                    assert "0.0.0.0:0" in json.load(answer)["warnings"][0]
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
