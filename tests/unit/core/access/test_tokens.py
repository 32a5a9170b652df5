"""Whose a token is: by which policy, how long it is remembered, and when it is forgotten."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.config.source import ConfigError
from imagewire_server.config.token_issuers import Issuer
from imagewire_server.config.token_rules import TokenRule
from imagewire_server.contract.errors import PermissionDenied
from imagewire_server.core.access import key_source, token_check
from imagewire_server.core.access import tokens as module
from imagewire_server.core.access.key_source import KeySource
from imagewire_server.core.access.tokens import Tokens, opened
from tests.token_issuer import AUDIENCE, ISSUER, key_server, key_set, public_jwk, token

OTHER = "https://other.example.org"
POLICIES = (
    Policy("bot", jwt=TokenRule(ISSUER, "bot")),
    Policy("artists", jwt=TokenRule(ISSUER, claims=(("groups", "artists"),))),
    Policy("mail", jwt=TokenRule(ISSUER, "*@example.org")),
    Policy("key", (bytes(32),)),
    Policy("others", jwt=TokenRule(OTHER)),
)


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "keys.json"
    made.write_bytes(key_set(public_jwk("ES256")))
    return made


def issuer(jwks: str | Path, name: str = ISSUER, **fields: Any) -> Issuer:
    return Issuer(name, (AUDIENCE,), str(jwks), **fields)


@pytest.fixture
async def tokens(file: Path) -> AsyncIterator[Tokens]:
    async with opened([issuer(file), issuer(file, OTHER, caller_claim="act.mail")]) as made:
        made.name(POLICIES)
        yield made


def es(subject: str = "ann", number: int = 0, **claims: Any) -> bytes:
    return token(subject, "ES256", number, **claims).encode()


@pytest.mark.parametrize(
    ("shown", "ident", "limited_as", "counted_as"),
    [
        (es("bot"), "bot", "bot", "bot"),
        (es("bot", groups=["artists"]), "bot", "bot", "bot"),
        (es("ann", groups=["x", "artists"]), f"jwt:{ISSUER}#ann", f"jwt:{ISSUER}#ann", "artists"),
        (es("eve@example.org"), f"jwt:{ISSUER}#eve@example.org", f"jwt:{ISSUER}#eve@example.org", "mail"),
        (es("bot", iss=OTHER, act={"mail": "x y"}), f"jwt:{OTHER}#x y", f"jwt:{OTHER}#x y", "others"),
    ],
    ids=["subject", "first", "claim", "pattern", "another claim"],
)
async def test_the_first_policy_that_knows_it_is_the_one(
    tokens: Tokens, shown: bytes, ident: str, limited_as: str, counted_as: str
) -> None:
    caller = await tokens.caller(shown)
    assert caller is not None
    assert (caller.id, caller.limited_as, caller.counted_as, caller.ambient) == (ident, limited_as, counted_as, False)


@pytest.mark.parametrize(
    "shown",
    [es("ann"), es("ann", groups="artist"), es(""), es("a\nb", groups=["artists"]), es("x" * 257, groups=["artists"])],
    ids=["nobody", "no group", "empty", "control", "long"],
)
async def test_a_valid_token_of_nobody_is_refused_for_good(tokens: Tokens, shown: bytes) -> None:
    for _ in range(2):
        with pytest.raises(PermissionDenied, match="is not allowed here"):
            await tokens.caller(shown)


@pytest.mark.parametrize(
    "shown",
    [
        b"",
        b"sk-key",
        b"a.b.c",
        b"\xff.\xff.\xff",
        es("bot", 1),
        es("bot", aud="x"),
        es("bot", iss="https://unknown"),
        es("bot", exp=10**400),
    ],
    ids=["empty", "key", "malformed", "bytes", "other key", "other audience", "other issuer", "for ever"],
)
async def test_anything_else_is_no_token(tokens: Tokens, shown: bytes) -> None:
    assert await tokens.caller(shown) is None


async def test_a_token_is_checked_once_until_it_expires(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = 0

    def counted(*given: Any) -> Any:
        nonlocal checks
        checks += 1
        return verified(*given)

    verified = token_check.verified
    monkeypatch.setattr(token_check, "verified", counted)
    clock = Clock()
    made = Tokens(clock)
    await made.use([issuer(file, clock_skew=5.0)])
    made.name(POLICIES)
    shown = es("bot", exp=int(clock.now) + 100)
    for seconds, expected in ((0, 1), (50, 1), (54, 1)):
        clock.now += seconds
        assert await made.caller(shown) is not None
        assert checks == expected
    clock.now += 2
    await made.caller(shown)
    assert checks == 2, "by the clock of the test it has expired"
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    for subject in ("bot", "a@example.org", "b@example.org"):
        await made.caller(es(subject))
    assert len(made._seen) == 2
    await made.aclose()


async def test_what_is_remembered_is_forgotten_with_its_key_and_its_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_source, "_LEAST_URL_PACE", 3600.0)  # however slow the machine is
    with key_server(key_set(public_jwk("ES256", 0))) as server:
        async with opened([issuer(server.url)]) as made:
            made.name(POLICIES)
            assert await made.caller(es("bot")) is not None
            made.name([Policy("robot", jwt=TokenRule(ISSUER, "bot"))])
            assert (await made.caller(es("bot"))).id == "robot"  # type: ignore[union-attr]
            server.body = key_set(public_jwk("ES256", 1))
            assert await made.caller(es("bot", 1)) is not None, "an unknown key is looked for"
            assert await made.caller(es("bot", 0)) is None
            assert server.asked == 2


@pytest.mark.parametrize("audiences", [None, ("another",)], ids=["gone", "changed"])
async def test_who_waits_for_the_keys_of_an_issuer_that_a_reload_replaces_is_checked_by_the_new_one(
    file: Path, audiences: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = asyncio.Event()

    async def content(_: KeySource) -> bytes:
        looks.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with opened([issuer(file)]) as made:
        made.name(POLICIES)
        monkeypatch.setattr(made._sources[ISSUER], "_read", partial(content, made._sources[ISSUER]))
        waiting = asyncio.create_task(made.caller(es("bot", 1)))
        await looks.wait()
        renewed = file.parent / "renewed.json"
        renewed.write_bytes(key_set(public_jwk("ES256", 1)))
        await made.use([] if audiences is None else [replace(issuer(renewed), audiences=audiences)])
        assert await waiting is None


async def test_issuers_that_stay_keep_their_keys_and_a_wrong_one_changes_nothing(file: Path, tmp_path: Path) -> None:
    with key_server(key_set(public_jwk("ES256"))) as server:
        async with opened([issuer(server.url)]) as made:
            made.name(POLICIES)
            with pytest.raises(ConfigError, match="cannot be read"):
                await made.use([issuer(file, OTHER), issuer(tmp_path / "absent")])
            assert await made.caller(es("bot")) is not None
            await made.use([issuer(server.url), issuer(file, OTHER)])
            assert server.asked == 1
            assert await made.caller(es("x", iss=OTHER)) is not None
            await made.use([])
            assert not made.are_asked_for
            assert await made.caller(es("bot")) is None
