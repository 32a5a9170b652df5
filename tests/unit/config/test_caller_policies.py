"""imagewire.callers: what is read, and what is refused with its line."""

import hashlib
from pathlib import Path

import pytest

from imagewire_server.config.caller_policies import Policy, check_entry, check_shares, nano
from imagewire_server.config.callers import check_counting, named
from imagewire_server.config.keys import check_kept, exposed
from imagewire_server.config.load import Config
from imagewire_server.config.new_key import new_key
from imagewire_server.config.settings import Settings
from imagewire_server.config.source import ConfigError
from imagewire_server.providers.registry import load, table

DIGEST = "ab" * 32
OTHER = "cd" * 32
FULL = f"""\
imagewire:
  callers:
    - name: web
      key_sha256: [{DIGEST}, {OTHER.upper()}]
      models: [gemini/*, draw]
      methods: [draw, models]
      calls_at_once: 8
      requests_per_minute: 60
      pictures_per_minute: 30
      usd_per_day: 5
      usd_per_call: 0.25
    - {{name: ops, key_sha256: {"12" * 32}, methods: metrics}}
"""
ENV = {"GEMINI_API_KEY": "k"}


def read(folder: Path, text: str, *, resolve: bool = True) -> Config:
    path = folder / "c.yaml"
    path.write_text(text)
    return load(path, ENV if resolve else {}, resolve=resolve)


def test_everything_is_read(tmp_path: Path) -> None:
    web, ops = read(tmp_path, FULL).callers
    digests = (bytes.fromhex(DIGEST), bytes.fromhex(OTHER))
    methods = frozenset({"draw", "models"})
    assert web == Policy("web", digests, ("gemini/*", "draw"), methods, 8, 60, 30, 5.0, 0.25)
    assert web.has_limits
    assert (ops.methods, ops.models, ops.has_limits) == (frozenset({"metrics"}), ("*",), False)
    assert DIGEST not in repr(web)


@pytest.mark.parametrize(
    ("entry", "line", "words"),
    [
        ("{name: a}", 3, "key_sha256 of 'a' is missing: make a key with: imagewire-server key new a"),
        ("{name: 'cert:a'}", 3, "and none is asked for: set tls_client_ca, or key_sha256"),
        ("{name: 'spiffe://td/a b'}", 3, "or the id of a client certificate"),
        ("{name: 'cert:a,b'}", 3, "or the id of a client certificate"),
        (f"{{name: 'cert:{'a' * 124}'}}", 3, "of at most 128 characters"),
        (f"{{key_sha256: {DIGEST}}}", 3, "name is missing"),
        (f"{{name: 'a b', key_sha256: {DIGEST}}}", 3, "'a b' is no name of a caller"),
        (f"{{name: anonymous, key_sha256: {DIGEST}}}", 3, "is no name of a caller"),
        ("{name: a, key_sha256: iw-secret}", 3, "never put the key itself here"),
        (f"{{name: a, key_sha256: {DIGEST}, modles: x}}", 3, "unknown key 'modles' in callers; did you mean 'models'?"),
        (f"{{name: a, key_sha256: {DIGEST}, methods: drow}}", 3, "did you mean 'draw'?"),
        (f"{{name: a, key_sha256: {DIGEST}, methods: []}}", 3, "methods is empty"),
        (f"{{name: a, key_sha256: {DIGEST}, models: ['a*b*']}}", 3, "more than one '*'"),
        (f"{{name: a, key_sha256: {DIGEST}, calls_at_once: 0}}", 3, "at least 1"),
        (f"{{name: a, key_sha256: {DIGEST}, usd_per_day: 0}}", 3, "must be more than 0 and at most 1000000"),
        (f"{{name: a, key_sha256: {DIGEST}, usd_per_day: 1000001}}", 3, "at most 1000000"),
        (f"{{name: a, key_sha256: {DIGEST}, usd_per_call: 1}}", 3, "reserved from usd_per_day"),
        (f"{{name: a, key_sha256: {DIGEST}, usd_per_call: 2, usd_per_day: 1}}", 3, "could never draw"),
        (f"{{name: a, key_sha256: {DIGEST}}}\n    - {{name: a, key_sha256: {OTHER}}}", 4, "two callers have the name"),
        (f"{{name: a, key_sha256: {DIGEST}}}\n    - {{name: b, key_sha256: {DIGEST}}}", 4, "is another caller's too"),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, entry: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, f"imagewire:\n  callers:\n    - {entry}\n")
    assert f"c.yaml:{line}: " in str(raised.value)
    assert words in str(raised.value)
    assert "iw-secret" not in str(raised.value)


def test_a_caller_may_be_known_by_its_certificate_alone(tmp_path: Path) -> None:
    tls = "imagewire:\n  tls_cert: c\n  tls_key: k\n  tls_client_ca: a\n"
    names = ["spiffe://td/ns/draw/sa/web", "cert:batch.internal", "cert:Jane Doe"]
    entries = "".join(f"    - {{name: '{name}', calls_at_once: 1}}\n" for name in names)
    made = read(tmp_path, f"{tls}  callers:\n{entries}")
    assert [policy.name for policy in made.callers] == names
    assert not made.asks_for_key
    shown = list(table(made, ENV))
    assert "callers need no key" in shown
    assert any(line.startswith(f"  {names[0]}: draw images models; ") for line in shown)
    both = read(tmp_path, f"{tls}  callers:\n{entries}    - {{name: web, key_sha256: {DIGEST}}}\n")
    assert both.asks_for_key
    with pytest.raises(ConfigError, match="key_sha256 of 'web' is missing"):
        read(tmp_path, f"{tls}  callers: [{{name: web}}]\n")


def test_variables_need_not_be_set_to_check(tmp_path: Path) -> None:
    text = "imagewire: {callers: [{name: os.environ/NAME, key_sha256: os.environ/DIGEST, usd_per_day: os.environ/USD}]}"
    (made,) = read(tmp_path, text, resolve=False).callers
    assert (made.name, len(made.key_sha256), made.usd_per_day) == ("NAME", 1, 1.0)


def test_check_shows_callers_and_no_digests(tmp_path: Path) -> None:
    shown = list(table(read(tmp_path, FULL), ENV))
    begin = shown.index("callers must send a key of their own")
    assert shown[begin + 1 : begin + 3] == [
        (
            "  web: draw models; models gemini/* draw; calls_at_once 8, requests_per_minute 60, pictures_per_minute 30,"
            " usd_per_day 5, usd_per_call 0.25"
        ),
        "  ops: metrics; models *; no limits",
    ]
    assert DIGEST not in "".join(shown)


def test_callers_keep_strangers_out_as_a_master_key_does() -> None:
    config = Config(Settings(grpc="0.0.0.0:1"), callers=(Policy("a", (bytes(32),)),))
    assert config.asks_for_key
    assert exposed(config.settings, asks_for_key=config.asks_for_key) == ()
    with pytest.raises(ConfigError, match="would need no key"):
        check_kept(config, Config(config.settings))
    check_kept(config, Config(config.settings, master_key="sk-1"))


def test_callers_with_their_own_keys_are_not_trusted_with_the_servers_credentials() -> None:
    assert named("auto", Config(master_key="sk-1")) is None
    assert named("auto", Config(master_key="sk-1", callers=(Policy("a"),))) == ()
    assert named("auto", Config(Settings(grpc="0.0.0.0:1", tls_client_ca="a"))) is None
    assert named("auto", Config(Settings(tls_client_ca="a"), callers=(Policy("cert:a"),))) == ()
    assert named("any", Config(callers=(Policy("a"),))) is None


def test_a_limit_that_cannot_be_split_is_refused() -> None:
    policies = (Policy("a", requests_per_minute=3, usd_per_day=0.1), Policy("b"))
    check_shares(policies, 1)
    check_shares(policies, 3)
    with pytest.raises(ConfigError, match="requests_per_minute of 'a' is 3, and 4 processes"):
        check_shares(policies, 4)
    thirds = (Policy("a", usd_per_day=0.3, usd_per_call=0.1),)
    check_shares(thirds, 3)
    with pytest.raises(ConfigError, match=r"usd_per_call of .a. is 0.1, .* 4 processes .* could never draw"):
        check_shares(thirds, 4)
    check_counting(Config(Settings(limits_redis="redis://host"), callers=policies), 4)
    with pytest.raises(ConfigError, match="4 processes"):
        check_counting(Config(Settings(replicas=2), callers=policies), 2)


def test_dollars_are_whole_billionths() -> None:
    assert nano(0.1) == 100_000_000
    assert nano(1.15) == 1_150_000_000


def test_the_lines_of_a_new_key_are_checked_before_they_are_printed() -> None:
    check_entry(new_key("web", {"models": ("a", "b"), "usd_per_day": 5.0}))
    with pytest.raises(ConfigError, match="is no name of a caller"):
        check_entry(new_key("we b", {}))
    with pytest.raises(ConfigError, match="usd_per_day must be more than 0"):
        check_entry(new_key("web", {"usd_per_day": 0.0}))


def test_a_new_key_is_printed_once_with_its_digest() -> None:
    key, _, lines = new_key("web", {"models": (), "methods": ("draw",), "calls_at_once": None}).partition("\n")
    assert hashlib.sha256(key.encode()).hexdigest() in lines
    assert key not in lines
    assert len(key) >= 43
    assert 'methods: ["draw"]' in lines
    assert "models" not in lines
    assert new_key("web", {}).partition("\n")[0] != key
