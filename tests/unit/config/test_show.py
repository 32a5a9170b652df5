"""What `check` shows of a file: what each deployment asks, and with which credentials."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from imagewire_server.cli import app
from imagewire_server.config import show
from imagewire_server.contract.provider import ImagePrice
from imagewire_server.providers import registry
from tests.integration.token_server import PRIVATE_KEY

UNSET = (
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "GCLOUD_PROJECT",
    "VERTEXAI_PROJECT",
)
ACCOUNT = {
    "type": "service_account", "client_email": "robot", "token_uri": "https://oauth2.example/token",
    "private_key": PRIVATE_KEY,
}  # fmt: skip
USER = {"type": "authorized_user", "client_id": "c", "client_secret": "secret", "refresh_token": "secret"}
GOOGLE = "https://generativelanguage.googleapis.com/v1beta/models"
FILE = """\
model_list:
  - model_name: draw
    litellm_params: {model: gemini/gemini-2.5-flash-image-preview, api_key: os.environ/KEY, rpm: 60, temperature: 0.5}
  - model_name: draw
    litellm_params: {model: vertex_ai/gemini-3-pro-image, vertex_credentials: sa.json, vertex_location: eu}
  - {model_name: chat, litellm_params: {model: gemini/gemini-2.5-flash}}
  - model_name: "any/*"
    litellm_params: {model: "gemini/*", api_key: secret, api_base: "https://u:secret@relay.example/v1"}
  - {model_name: tuned, litellm_params: {model: vertex_ai/my-tuned, vertex_project: os.environ/PROJECT}}
  - {model_name: express, litellm_params: {model: vertex_ai/gemini-3-pro-image, api_key: os.environ/KEY}}
  - {model_name: gpt, litellm_params: {model: gpt-4o, api_key: os.environ/OPENAI_API_KEY}}
router_settings:
  model_group_alias: {pic: draw, hidden: {model: draw, hidden: true}}
  fallbacks: [{draw: [chat]}]
general_settings: {master_key: os.environ/MASTER}
"""
SHOWN = """\
draw
  gemini/gemini-2.5-flash-image-preview  share 60, id draw:gemini:0
    POST https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash-image:generateContent
    with the API key of os.environ/KEY
    draws; USD 0.3 / 2.5 / 30 per million tokens of prompt, text, picture
    defaults: {"temperature": 0.5}
  vertex_ai/gemini-3-pro-image  at eu, id draw:vertex_ai:1
    POST https://aiplatform.eu.rep.googleapis.com/v1/projects/of-the-file/locations/eu/publishers/google/models/gemini-3-pro-image:generateContent
    with the file sa.json (litellm_params.vertex_credentials), which is present
    draws; USD 2 / 12 / 120 per million tokens of prompt, text, picture
  also called pic
  also called hidden, which is not listed
  in trouble: chat
chat
  gemini/gemini-2.5-flash  id chat:gemini:2
    POST https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent
    with the API key of GEMINI_API_KEY
    answers with text only; no known price
    defaults: {"modalities": ["text"]}
any/*
  gemini/*  at https://***@relay.example/v1, id any/*:gemini:3
    POST https://***@relay.example/v1/models/*:generateContent
    with the API key of litellm_params.api_key
    draws, as far as the table of models tells; no known price
tuned
  vertex_ai/my-tuned  at global, id tuned:vertex_ai:4
    POST https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google/models/my-tuned:generateContent
    with the application default credentials
    may draw: the table of models does not have it; no known price
express
  vertex_ai/gemini-3-pro-image  id express:vertex_ai:5
    POST https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-3-pro-image:generateContent
    with the API key of os.environ/KEY
    draws; USD 2 / 12 / 120 per million tokens of prompt, text, picture
chosen by simple-shuffle; 2 retries; cooldown 5 s after 3 failures
callers must send the master key
warning: 1 model of another provider, skipped: gpt (gpt-4o)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "config.yaml").write_text(FILE)
    (tmp_path / "sa.json").write_text(json.dumps({**ACCOUNT, "project_id": "of-the-file"}))
    return tmp_path


def check(*options: str, **environ: str) -> tuple[int, str, str]:
    unset = dict.fromkeys(UNSET)
    ended = CliRunner(env={**unset, **environ}).invoke(app, ["check", "--config", "config.yaml", *options])
    return ended.exit_code, ended.stdout, ended.stderr


@pytest.mark.usefixtures("folder")
def test_each_deployment_is_shown_with_what_it_asks() -> None:
    given = {"KEY": "secret", "GEMINI_API_KEY": "secret", "PROJECT": "p", "MASTER": "secret"}
    code, shown, _ = check(**given)
    assert (code, shown) == (0, SHOWN)
    assert "secret" not in shown


@pytest.mark.usefixtures("folder")
def test_without_the_environment_references_stand_for_themselves() -> None:
    code, shown, _ = check("--no-env", KEY="secret", VERTEXAI_PROJECT="secret")
    expected = SHOWN.replace("of GEMINI_API_KEY", "of os.environ/GEMINI_API_KEY")
    expected = expected.replace("projects/p/", "projects/os.environ/PROJECT/")
    expected = expected.replace("projects/of-the-file/", "projects/os.environ/VERTEXAI_PROJECT/")
    assert (code, shown) == (0, expected)


def test_missing_credentials_are_found(folder: Path) -> None:
    (folder / "sa.json").unlink()
    code, shown, _ = check("--no-env")
    told = "the file sa.json (litellm_params.vertex_credentials), which is missing or cannot be read"
    assert (code, f"with {told}\n" in shown, f"warning: draw needs {told}\n" in shown) == (0, True, True)
    code, _, refused = check("--no-env", "--strict")
    assert (code, told in refused) == (2, True)
    given = {"KEY": "secret", "GEMINI_API_KEY": "secret", "PROJECT": "p", "MASTER": "secret"}
    _, shown, _ = check(**given, GOOGLE_APPLICATION_CREDENTIALS="/nowhere.json")
    assert "with the file /nowhere.json (GOOGLE_APPLICATION_CREDENTIALS), which is missing" in shown


def test_credentials_that_can_get_no_token_are_found(folder: Path) -> None:
    for lost in ("client_email", "private_key"):
        (folder / "sa.json").write_text(json.dumps({name: one for name, one in ACCOUNT.items() if name != lost}))
        code, shown, _ = check("--no-env")
        told = f"the file sa.json (litellm_params.vertex_credentials), in which {lost} is missing"
        assert (code, f"with {told}\n" in shown, f"warning: draw needs {told}\n" in shown) == (0, True, True)
        code, _, refused = check("--no-env", "--strict")
        assert (code, told in refused) == (2, True)


VERTEX = "model_list: [{model_name: v, litellm_params: {model: vertex_ai/gemini-3-pro-image%s}}]"
SET = "set vertex_project, or VERTEXAI_PROJECT"


@pytest.mark.parametrize(
    ("params", "environ", "words", "warning"),
    [
        ("", {}, f"the application default credentials; if they have no project: {SET}", ""),
        ("", {"GOOGLE_CLOUD_PROJECT": "p"}, "the application default credentials", ""),
        ("", {"VERTEXAI_PROJECT": "p"}, "the application default credentials", ""),
        (
            "",
            {"GOOGLE_APPLICATION_CREDENTIALS": "user.json"},
            f"the file user.json (GOOGLE_APPLICATION_CREDENTIALS), which is present; if they have no project: {SET}",
            "",
        ),
        (
            ", vertex_credentials: user.json",
            {},
            "the file user.json (litellm_params.vertex_credentials), which is present, which name no project",
            f"warning: v needs a project: {SET}",
        ),
        (
            f", vertex_credentials: '{json.dumps(USER)}'",
            {},
            "the credentials in litellm_params.vertex_credentials, which name no project",
            f"warning: v needs a project: {SET}",
        ),
        (
            ", vertex_credentials: user.json, vertex_project: p",
            {},
            "the file user.json (litellm_params.vertex_credentials), which is present",
            "",
        ),
        (
            ", vertex_credentials: user.json, api_base: 'https://relay.example/models/m'",
            {},
            "the file user.json (litellm_params.vertex_credentials), which is present",
            "",
        ),
    ],
)
def test_a_project_that_is_not_known_is_told(
    folder: Path, params: str, environ: dict[str, str], words: str, warning: str
) -> None:
    (folder / "user.json").write_text(json.dumps(USER))
    (folder / "config.yaml").write_text(VERTEX % params)
    code, shown, _ = check(**environ)
    assert (code, f"    with {words}\n" in shown) == (0, True)
    assert [line for line in shown.splitlines() if line.startswith("warning")] == ([warning] if warning else [])


def lines(**environ: str) -> list[str]:
    return list(registry.table(registry.load(None, environ), environ))


def test_a_master_key_is_told_and_not_shown() -> None:
    found = lines(GEMINI_API_KEY="the-secret", IMAGEWIRE_MASTER_KEY="sk-the-secret-0123456789")
    assert "callers must send the master key" in found
    assert "the-secret" not in "\n".join(found)


def test_nothing_set_up_tells_what_to_do() -> None:
    providers = registry.provider_configs()
    ways = show.no_provider(providers).splitlines()
    assert ways[0] == "no provider is set up. Do one of these:"
    assert ways[1].split("  ")[1] == "export GEMINI_API_KEY=..."
    assert any("imagewire-server serve --demo" in way for way in ways)
    assert show.no_provider_in_environment(providers).startswith("no provider is set up: set GEMINI_API_KEY (a key: ")


def test_without_a_file_the_environment_is_shown() -> None:
    ended = CliRunner(env={**dict.fromkeys(UNSET), "GEMINI_API_KEY": "secret"}).invoke(app, ["check"])
    assert (ended.exit_code, ended.stdout.startswith("gemini/*\n"), "secret" in ended.stdout) == (0, True, False)
    assert "with the API key of GEMINI_API_KEY" in ended.stdout


@pytest.mark.usefixtures("folder")
def test_the_file_has_a_short_option_as_for_serve() -> None:
    shown = [CliRunner().invoke(app, ["check", "--no-env", name, "config.yaml"]).stdout for name in ("-c", "--config")]
    assert shown[0] == shown[1] != ""


def test_prices() -> None:
    assert show.price(None) == "no known price"
    assert show.price(ImagePrice({"1K": 0.04, "2K": 0.06})) == "USD per picture: 1K 0.04, 2K 0.06"


def test_only_what_will_be_asked_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("""\
model_list:
  - {model_name: a, litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: k, n: 2, size: 2K, seed: 7}}
  - {model_name: b, litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: k, n: 2}}
litellm_settings: {default_fallbacks: [b]}
""")
    shown = CliRunner().invoke(app, ["check", "--config", str(path)], env={}).stdout
    assert [line.strip() for line in shown.splitlines() if "defaults" in line or "trouble" in line] == [
        'defaults: {"seed": 7}',
        "in trouble: b",
    ]
