"""Credentials that can get no token are told by the field that is wrong; nobody is asked, and no secret is quoted."""

import json
import socket
from typing import Any, NoReturn

import pytest

from imagewire_server.providers.google.credential_check import wrong
from tests.integration.token_server import PRIVATE_KEY

ACCOUNT = {
    "type": "service_account", "client_email": "draw@p.example", "private_key": PRIVATE_KEY,
    "token_uri": "https://oauth2.example/token",
}  # fmt: skip
USER = {"type": "authorized_user", "client_id": "c", "client_secret": "SECRET", "refresh_token": "SECRET"}
FEDERATED: dict[str, Any] = {
    "type": "external_account", "audience": "//iam.example/pools/p", "token_url": "https://sts.example/token",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": {"file": "/token"},
}  # fmt: skip
AWS = {
    **FEDERATED,
    "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
    "credential_source": {
        "environment_id": "aws1",
        "regional_cred_verification_url": "https://sts.{region}.example",
        "url": "http://169.254.169.254/latest",
    },
}
PROGRAM = {**FEDERATED, "credential_source": {"executable": {"command": "/bin/token"}}}
LOGIN = {**USER, "type": "external_account_authorized_user", "token_url": "https://sts.example/token"}
ACTING = {
    "type": "impersonated_service_account",
    "service_account_impersonation_url": "https://iam.example/v1/projects/-/serviceAccounts/a@b:generateAccessToken",
    "source_credentials": USER,
}
WHOLE = {
    "account": ACCOUNT, "user": USER, "federated": FEDERATED, "aws": AWS, "program": PROGRAM, "login": LOGIN,
    "acting": ACTING, "acting account": {**ACTING, "source_credentials": ACCOUNT},
}  # fmt: skip
REFUSES = "which Google's library refuses for its {}: compare with a file that gcloud made"
OF_ACTING = REFUSES.format("service_account_impersonation_url or source_credentials")
OF_FEDERATED = REFUSES.format("audience or subject_token_type or token_url or credential_source")
SOURCES = "authorized_user or external_account_authorized_user or service_account"
TYPES = "service_account or authorized_user or external_account or external_account_authorized_user"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any) -> NoReturn:
        raise AssertionError("somebody is asked")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_credentials_have_nothing_wrong(name: str) -> None:
    assert wrong(json.dumps(WHOLE[name])) == ""


@pytest.mark.parametrize("name", WHOLE)
def test_each_field_that_is_needed_is_told_where_it_is_missing_or_of_another_kind(name: str) -> None:
    optional = {"type"}
    for field in WHOLE[name].keys() - optional:
        left_out = {key: value for key, value in WHOLE[name].items() if key != field}
        assert wrong(json.dumps(left_out)) == f"in which {field} is missing"
        assert wrong(json.dumps({**left_out, field: ""})) == f"in which {field} is missing"
        assert wrong(json.dumps({**left_out, field: 7})).startswith(f"in which {field} is not ")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"type": "service_account"}, "in which client_email, private_key and token_uri are missing"),
        ({**ACCOUNT, "private_key": "SECRET"}, "in which private_key is not a private key in PEM format"),
        (
            {**ACCOUNT, "private_key": PRIVATE_KEY.replace("\n", "\\n")[:200]},
            "in which private_key is not a private key in PEM format",
        ),
        ({}, f"in which type is missing: it is {TYPES} or impersonated_service_account"),
        ({"type": "robot"}, f"in which type is 'robot', and not {TYPES} or impersonated_service_account"),
        ({"type": ["a"]}, f"in which type is \"['a']\", and not {TYPES} or impersonated_service_account"),
        ([], "in which there is no JSON object"),
        (
            {**ACTING, "source_credentials": {"type": "service_account", "client_email": "a"}},
            "in which source_credentials.private_key and source_credentials.token_uri are missing",
        ),
        (
            {**ACTING, "source_credentials": {**ACCOUNT, "private_key": "SECRET"}},
            "in which source_credentials.private_key is not a private key in PEM format",
        ),
        (
            {**ACTING, "source_credentials": FEDERATED},
            f"in which source_credentials.type is 'external_account', and not {SOURCES}",
        ),
        ({**ACTING, "service_account_impersonation_url": "https://iam.example"}, OF_ACTING),
        ({**FEDERATED, "credential_source": {"headers": {}}}, OF_FEDERATED),
        (
            {**AWS, "credential_source": {"environment_id": "aws9", "url": "x", "regional_cred_verification_url": "y"}},
            OF_FEDERATED,
        ),
    ],
)
def test_what_is_wrong_is_told(given: Any, words: str) -> None:
    assert wrong(json.dumps(given)) == words


def test_what_is_no_json() -> None:
    assert wrong("{") == wrong("[" * 100_000) == "in which there is no valid JSON"


def test_what_the_environment_holds_is_not_checked_where_it_is_not_looked_up() -> None:
    assert wrong(json.dumps({**ACCOUNT, "private_key": "os.environ/KEY"})) == ""
    assert wrong(json.dumps({"type": "os.environ/TYPE"})) == ""
    assert wrong(json.dumps({"type": "service_account", "private_key": "os.environ/KEY"})) == (
        "in which client_email and token_uri are missing"
    )
