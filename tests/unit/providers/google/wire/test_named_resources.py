"""What a string of a request names at the provider, however it is spelt."""

import pytest

from imagewire_server.contract import pb
from imagewire_server.providers.google.wire.named_resources import Allowed, check

LIMITED = Allowed(("ok/in",), ("cachedContents/ok", "files/*"))

NAMED = [
    "gs://evil/a.png",
    "GS://evil/a.png",
    "gs:/evil/a.png",
    "gs:evil/a.png",
    "gs:\\\\evil\\a.png",
    "gs://ok/input/a.png",
    "gs://ok/in/../x.png",
    "gs://ok/in/%2e%2e/x.png",
    "gs://ok/in/%252e%252e/x.png",
    "gs://ok/in/" + "a" * 4000,
    "https://storage.googleapis.com/evil/x.png",
    "https://storage.googleapis.com./evil/x.png",
    "https://storage.googleapis.com:443/evil/x.png",
    "https://user@storage.googleapis.com/evil/x.png",
    "https://evil.storage.googleapis.com/x.png",
    "https://storage.cloud.google.com/evil/x.png",
    "https://storage.googleapis.com/ok/in/../../evil/x.png",
    "https://storage.googleapis.com/ok/in/%2e%2e/%2e%2e/evil/x.png",
    "https://storage%2egoogleapis.com/evil/x.png",
    "https:\\\\storage.googleapis.com\\evil\\x.png",
    "https://storage.googleapis.com\\evil/x.png",
    "https:storage.googleapis.com/evil/x.png",
    "ht\ntps://storage.googleapis.com/evil/x.png",
    "//storage.googleapis.com/evil/x.png",
    "https://generativelanguage.googleapis.com/v1beta/cachedContents/x",
    "https://generativelanguage.googleapis.com./v1beta/cachedContents/x",
    "https://drive.google.com/file/d/x",
    "cachedContents/x",
    "files/../cachedContents/x",
    "projects/p/locations/l/cachedContents/x",
]
FREE = [
    "gs://ok/in/a.png",
    "https://storage.googleapis.com/ok/in/a.png",
    "https://ok.storage.googleapis.com/in/a.png",
    "cachedContents/ok",
    "https://generativelanguage.googleapis.com/v1beta/files/abc",
    "files/abc",
    "https://example.com/storage.googleapis.com/evil.png",
    "https://notgoogleapis.com/x",
    "a banana in front of projects/x",
    "100 % of it",
    "",
]


AT_A_RELAY = [
    "http://relay.local:8080/v1beta/files/abc",
    "https://RELAY.local./v1beta/files/abc",
    "//u:p@relay.local/anything",
    "http:\\\\relay.local\\files",
    "http://relay%2elocal/files/abc",
]


@pytest.mark.parametrize("text", AT_A_RELAY)
def test_an_address_at_the_providers_own_host_is_a_resource(text: str) -> None:
    assert Allowed((), (), frozenset({"relay.local"})).wrong(text)
    assert Allowed((), (), frozenset({"other.local", "relay"})).wrong(text) is None
    assert Allowed((), None, frozenset({"relay.local"})).wrong(text) is None


def test_an_address_at_the_providers_own_host_may_be_allowed() -> None:
    relay = Allowed((), ("files/*",), frozenset({"relay.local"}))
    assert relay.wrong("http://relay.local:8080/v1beta/files/abc") is None
    assert relay.wrong("http://relay.local:8080/v1beta/cachedContents/abc")
    assert relay.wrong("http://notrelay.local/v1beta/cachedContents/abc") is None


@pytest.mark.parametrize("text", NAMED)
def test_d11_a_name_is_one_in_any_spelling(text: str) -> None:
    assert LIMITED.wrong(text)
    assert Allowed().wrong(text) is None


@pytest.mark.parametrize("text", FREE)
def test_d11_what_is_allowed_or_names_nothing_passes(text: str) -> None:
    assert LIMITED.wrong(text) is None


@pytest.mark.parametrize("key", ["authConfig", "auth_config", "apiAuth", "googleServiceAccountConfig"])
def test_d11_no_tool_shows_this_servers_credentials_to_others(key: str) -> None:
    spec = pb.Spec()
    spec.extra_body.update({"tools": [{"retrieval": {"externalApi": {"endpoint": "https://a.example", key: {}}}}]})
    spec.messages.add().parts.add().native.value_json = f'{{"{key}": {{}}}}'
    found: list[str] = []
    check(spec, LIMITED, lambda path, _: found.append(path))
    assert found == [
        f"spec.extra_body.tools[0].retrieval.externalApi.{key}",
        "spec.messages[0].parts[0].native.value_json",
    ]
    found.clear()
    check(spec, Allowed(), lambda path, _: found.append(path))
    assert found == []
