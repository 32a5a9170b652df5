"""imagewire.jwt and the jwt of callers: what is read, and what is refused with its line."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from imagewire_server.config.caller_policies import Policy
from imagewire_server.config.load import Config
from imagewire_server.config.schema import schema
from imagewire_server.config.source import ConfigError
from imagewire_server.config.token_issuers import ALGORITHMS, Issuer
from imagewire_server.config.token_rules import TokenRule, claim
from imagewire_server.providers.registry import load, provider_configs, table

FULL = """\
imagewire:
  jwt:
    - issuer: https://issuer.example.org
      audiences: [imagewire, other]
      jwks: https://issuer.example.org/keys?v=1
      algorithms: [RS256, ES256]
      clock_skew: 5
      caller_claim: email
    - {issuer: internal, audiences: draw, jwks: keys.json}
  callers:
    - name: web
      jwt: {issuer: internal, subject: "web-*", claims: {groups: artists, email_verified: True}}
      usd_per_day: 5
    - name: others
      jwt: {issuer: internal}
    - {name: ann, jwt: {issuer: https://issuer.example.org, subject: ann@example.org}}
"""
ENV = {"GEMINI_API_KEY": "k"}
VALIDATOR = jsonschema.Draft202012Validator(schema(provider_configs()))


def read(folder: Path, text: str, **given: Any) -> Config:
    path = folder / "c.yaml"
    path.write_text(text)
    return load(path, ENV, **given)


def test_everything_is_read_and_shown(tmp_path: Path) -> None:
    made = read(tmp_path, FULL)
    assert made.issuers == (
        Issuer(
            "https://issuer.example.org", ("imagewire", "other"), "https://issuer.example.org/keys?v=1",
            ("RS256", "ES256"), 5.0, "email",
        ),
        Issuer("internal", ("draw",), "keys.json", ALGORITHMS, 60.0, "sub"),
    )  # fmt: skip
    assert [issuer.is_remote for issuer in made.issuers] == [True, False]
    assert [issuer.where for issuer in made.issuers] == [f"{tmp_path}/c.yaml:5", f"{tmp_path}/c.yaml:9"]
    web, others, ann = made.callers
    claims = (("groups", "artists"), ("email_verified", "true"))
    assert web == Policy("web", usd_per_day=5.0, jwt=TokenRule("internal", "web-*", claims))
    assert others.jwt == TokenRule("internal")
    assert ann.jwt is not None
    assert (ann.jwt.is_one, web.jwt.is_one if web.jwt else None) == (True, False)
    assert made.asks_for_key
    shown = list(table(made, ENV))
    assert "callers must send a token" in shown
    begin = shown.index("callers must send a token")
    assert shown[begin + 1 : begin + 4] == [
        (
            "  tokens of https://issuer.example.org for imagewire or other, by the keys in"
            " https://issuer.example.org/keys?***: email says who calls"
        ),
        "  tokens of internal for draw, by the keys in keys.json: sub says who calls",
        (
            "  web: draw images models; models *; usd_per_day 5; tokens of web-* of internal, groups artists,"
            " email_verified true"
        ),
    ]
    VALIDATOR.validate(yaml.safe_load(FULL))


def test_one_issuer_needs_no_list_and_callers_need_not_name_it(tmp_path: Path) -> None:
    text = "imagewire:\n  jwt: {issuer: a, audiences: b, jwks: c}\n  callers: [{name: x, jwt: {subject: y}}]\n"
    made = read(tmp_path, text)
    assert made.callers[0].jwt == TokenRule("a", "y")
    VALIDATOR.validate(yaml.safe_load(text))
    assert not read(tmp_path, "imagewire: {jwt: null}\n").issuers


def test_variables_need_not_be_set_to_check(tmp_path: Path) -> None:
    text = (
        "imagewire:\n  jwt: {issuer: os.environ/A, audiences: os.environ/B, jwks: os.environ/C}\n"
        "  callers: [{name: x, jwt: {subject: os.environ/D}}]\n"
    )
    (made,) = read(tmp_path, text, resolve=False).issuers
    assert made.jwks == "os.environ/C"


FINE = {"issuer": "i", "audiences": "a", "jwks": "k"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"issuer": None}, "issuer is missing; add the issuer as its tokens have it in iss"),
        ({"audiences": None}, "audiences is missing"),
        ({"jwks": None}, "jwks is missing; add a file with its public keys"),
        ({"audience": "a"}, "unknown key 'audience' in jwt; did you mean 'audiences'?"),
        ({"issuer": "a b"}, "without blanks and '#'"),
        ({"issuer": "a#b"}, "without blanks and '#'"),
        ({"issuer": "x" * 257}, "at most 256 characters"),
        ({"audiences": []}, "audiences is empty"),
        ({"jwks": ""}, "jwks is empty"),
        ({"jwks": "http://issuer.example.org/keys"}, "jwks must be a file, or a URL with https://"),
        ({"jwks": "http://10.0.0.1/keys"}, "jwks must be a file, or a URL with https://"),
        ({"jwks": "https://me:secret@host/keys"}, "no password"),
        ({"jwks": "ftp://host/keys"}, "jwks must be"),
        ({"jwks": "https:///keys"}, "jwks must be"),
        ({"jwks": "https://host:x/keys"}, "jwks must be"),
        ({"algorithms": ["RS256", "HS256"]}, "with HS256 whoever checks a token could make one"),
        ({"algorithms": "none"}, "with none whoever checks a token could make one, or anybody"),
        ({"algorithms": ["RS255"]}, "did you mean 'RS256'?"),
        ({"algorithms": []}, "algorithms is empty"),
        ({"clock_skew": -1}, "must be at least 0"),
        ({"clock_skew": 601}, "clock_skew must be at most 600 seconds"),
        ({"caller_claim": ""}, "caller_claim is empty"),
    ],
    ids=str,
)
def test_what_is_wrong_of_an_issuer_is_refused(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    entry = {name: value for name, value in (FINE | given).items() if value is not None}
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, yaml.safe_dump({"imagewire": {"jwt": [entry], "callers": [{"name": "x", "jwt": {}}]}}))
    assert words in str(raised.value)
    assert "c.yaml:" in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/k", "http://localhost/k", "http://[::1]/k", "https://h/k?p=q"])
def test_plain_http_is_for_this_machine_alone(tmp_path: Path, url: str) -> None:
    entry = FINE | {"jwks": url}
    text = yaml.safe_dump({"imagewire": {"jwt": [entry], "callers": [{"name": "x", "jwt": {"subject": "y"}}]}})
    assert read(tmp_path, text).issuers[0].is_remote


@pytest.mark.parametrize(
    ("callers", "words"),
    [
        ("[]", ":2: no caller is known by tokens of i, so each would be refused: add jwt: {issuer: i}"),
        ("[{name: x, jwt: {issuer: j}}]", "has the issuer 'j', which imagewire.jwt has not: it has i"),
        ("[{name: x, jwt: {subjects: a}}]", "unknown key 'subjects' in jwt of a caller; did you mean 'subject'?"),
        ("[{name: x, jwt: {subject: 'a*b*'}}]", "subject must be text, in which it may have one '*'"),
        ("[{name: x, jwt: {issuer: ''}}]", "issuer is empty: name one of imagewire.jwt"),
        ("[{name: x, jwt: {subject: ''}}]", "subject must be text"),
        ("[{name: x, jwt: {claims: {groups: ''}}}]", "claims: groups is empty"),
        ("[{name: 'spiffe://a/b', jwt: {subject: s}}]", "is known by its client certificate"),
        ("[{name: x, jwt: {}}, {name: y, jwt: {subject: b}}]", "no token reaches 'y', because 'x' above it has"),
        ("[{name: x, jwt: {subject: b}}, {name: y, jwt: {subject: b}}]", "no token reaches 'y'"),
        ("[{name: x, jwt: {subject: b}}, {name: y, jwt: {subject: b, claims: {c: d}}}]", "no token reaches 'y'"),
        ("[{name: x, jwt: {subject: 'b*'}}, {name: y, jwt: {subject: bc}}]", "no token reaches 'y'"),
        ("[{name: x, jwt: {claims: {c: d}}}, {name: y, jwt: {subject: b, claims: {e: f, c: d}}}]", "no token reaches"),
    ],
)
def test_what_is_wrong_of_a_caller_is_refused(tmp_path: Path, callers: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, f"imagewire:\n  jwt: {{issuer: i, audiences: a, jwks: k}}\n  callers: {callers}\n")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "callers",
    [
        "[{name: x, jwt: {subject: b, claims: {c: d}}}, {name: y, jwt: {subject: b}}]",
        "[{name: x, jwt: {subject: bc}}, {name: y, jwt: {subject: 'b*'}}]",
        "[{name: x, jwt: {claims: {c: d}}}, {name: y, jwt: {claims: {c: e}}}]",
        "[{name: x, jwt: {subject: 'b*'}}, {name: y, jwt: {subject: '*c'}}]",
    ],
)
def test_callers_that_some_tokens_reach(tmp_path: Path, callers: str) -> None:
    made = read(tmp_path, f"imagewire:\n  jwt: {{issuer: i, audiences: a, jwks: k}}\n  callers: {callers}\n")
    assert [one.name for one in made.callers] == ["x", "y"]


def test_callers_and_issuers_need_each_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r":2: this caller is known by tokens, .* add imagewire.jwt"):
        read(tmp_path, "imagewire:\n  callers: [{name: x, jwt: {subject: a}}]\n")
    two = "imagewire:\n  jwt: [{issuer: i, audiences: a, jwks: k}, {issuer: j, audiences: a, jwks: k}]\n"
    with pytest.raises(ConfigError, match="needs issuer, one of i, j"):
        read(tmp_path, f"{two}  callers: [{{name: x, jwt: {{subject: a}}}}]\n")
    with pytest.raises(ConfigError, match="two entries of jwt have the issuer 'i'"):
        read(tmp_path, two.replace("issuer: j", "issuer: i"))


@pytest.mark.parametrize(
    ("claims", "known"),
    [
        ({"groups": "a"}, True),
        ({"groups": ["x", "a"]}, True),
        ({"groups": "a x"}, False),
        ({"groups": {"a": 1}}, False),
        ({"groups": [["a"]]}, False),
        ({"other": "a"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_claim_is_a_text_or_a_list(claims: dict[str, Any], known: bool) -> None:
    assert TokenRule("i", "*", (("groups", "a"),)).knows("i", "s", claims) is known


def test_scopes_numbers_and_claims_in_others() -> None:
    claims = {"scope": "draw read", "n": 5, "b": True, "realm": {"roles": ["x"]}, "https://a.org/r": "y"}
    for name, value in (("scope", "read"), ("n", "5"), ("b", "true"), ("realm.roles", "x"), ("https://a.org/r", "y")):
        assert TokenRule("i", "*", ((name, value),)).knows("i", "s", claims)
        assert not TokenRule("i", "*", ((name, "z"),)).knows("i", "s", claims)
    assert claim(claims, "realm.roles.x") is None
    assert claim(claims, "") is None


@pytest.mark.parametrize(
    ("subject", "known"),
    [("ab", True), ("a*", True), ("*b", True), ("a*b", True), ("b", False), ("b*", False), ("ab*b", False)],
)
def test_a_subject_may_be_a_pattern(subject: str, known: bool) -> None:
    assert TokenRule("i", subject).knows("i", "ab", {}) is known
    assert not TokenRule("i", subject).knows("j", "ab", {})
