"""Who may call: where a key may stand, and how odd headers are read."""

import hashlib

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.contract.errors import PermissionDenied, Unauthenticated
from imagewire_server.core.access.caller import ANONYMOUS, MASTER_KEY, METRICS_KEY, Caller, Permission
from imagewire_server.core.access.certificates import CertificateRule
from imagewire_server.core.access.keys import Access
from imagewire_server.core.access.tokens import Tokens
from imagewire_server.core.call import Call

KEY = "sk-right"


async def _caller(access: Access, *headers: tuple[str | bytes, str | bytes]) -> Caller:
    call = Call(headers=headers)
    await access.intercept(call)
    return call.caller


async def _open(access: Access, *headers: tuple[str | bytes, str | bytes], metrics: bool = False) -> bool:
    try:
        await access.intercept(Call(headers=headers, permission=Permission.METRICS if metrics else Permission.DRAW))
    except Unauthenticated:
        return False
    return True


_ROWS: list[tuple[bool, list[tuple[str, str]]]] = [
    (True, [("authorization", f"Bearer {KEY}")]),
    (True, [("authorization", f"bearer {KEY}")]),
    (True, [("authorization", f"BEARER   {KEY}  ")]),
    (True, [("authorization", f"  Bearer {KEY}\t")]),
    (True, [("x-api-key", KEY)]),
    (True, [("api-key", KEY)]),
    (True, [("x-goog-api-key", f" {KEY} ")]),
    (True, [("x-litellm-api-key", KEY)]),
    (True, [("x-litellm-api-key", f"Bearer {KEY}")]),
    (True, [("authorization", "Basic of:another:layer"), ("x-api-key", KEY)]),
    (True, [("authorization", f"Bearer {KEY}"), ("x-goog-api-key", "another")]),
    (False, []),
    (False, [("authorization", "")]),
    (False, [("authorization", "Bearer")]),
    (False, [("authorization", "Bearer ")]),
    (False, [("authorization", KEY)]),
    (False, [("authorization", f"Basic {KEY}")]),
    (False, [("authorization", f"Bearer{KEY}")]),
    (False, [("authorization", f"Bearer\t{KEY}")]),
    (False, [("authorization", f"Bearer {KEY} {KEY}")]),
    (False, [("authorization", f"Bearer {KEY},Bearer {KEY}")]),
    (False, [("authorization", f"Bearer {KEY}, Bearer {KEY}")]),
    (False, [("authorization", f"Bearer {KEY}"), ("authorization", "Bearer wrong")]),
    (False, [("authorization", "Bearer wrong"), ("authorization", f"Bearer {KEY}")]),
    (False, [("authorization", f"Bearer {KEY}"), ("authorization", f"Bearer {KEY}")]),
    (False, [("authorization", "Bearer sk-ri\u00e9ht")]),
    (False, [("authorization-bin", f"Bearer {KEY}")]),
    (False, [("x-api-key", "")]),
    (False, [("x-api-key", KEY[:-1])]),
    (False, [("cookie", KEY)]),
]


@pytest.mark.parametrize(("right", "headers"), _ROWS)
async def test_d14_odd_headers_read_alike_as_metadata_and_as_bytes(right: bool, headers: list[tuple[str, str]]) -> None:
    access = Access(KEY)
    assert await _open(access, *headers) is right
    assert await _open(access, *((name.encode(), value.encode()) for name, value in headers)) is right


async def test_d14_a_key_of_the_metrics_opens_nothing_else() -> None:
    access = Access(KEY, "scrape")
    shown = ("authorization", "Bearer scrape")
    assert await _open(access, shown, metrics=True)
    assert not await _open(access, shown)
    assert await _open(access, ("authorization", f"Bearer {KEY}"), metrics=True)
    assert not await _open(access, metrics=True)


async def test_d14_a_key_of_the_metrics_alone_closes_them_and_nothing_else() -> None:
    access = Access("", "scrape")
    assert await _open(access)
    assert not await _open(access, metrics=True)


async def test_without_keys_nothing_is_asked() -> None:
    assert await _open(Access())
    assert await _open(Access(), metrics=True)


async def test_a_call_knows_who_makes_it_by_the_key_that_was_shown() -> None:
    access = Access(KEY, "scrape")

    async def caller(key: str, permission: Permission) -> object:
        call = Call(headers=(("x-api-key", key),), permission=permission)
        await access.intercept(call)
        return call.caller

    assert await caller(KEY, Permission.DRAW) is MASTER_KEY
    assert await caller(KEY, Permission.METRICS) is MASTER_KEY
    assert await caller("scrape", Permission.METRICS) is METRICS_KEY
    assert await caller("wrong", Permission.NONE) is ANONYMOUS
    access.use("", "")
    assert await caller(KEY, Permission.DRAW) is ANONYMOUS


def _policy(name: str, *keys: str, **fields: object) -> Policy:
    digests = tuple(hashlib.sha256(key.encode()).digest() for key in keys)
    return Policy(name, digests, **fields)  # type: ignore[arg-type]


async def test_d23_each_key_of_a_caller_names_it_and_the_master_key_stays_the_mightier() -> None:
    access = Access(KEY, "scrape", [_policy("web", "iw-1", "iw-2"), _policy("both", KEY)])
    shown = {key: (await _caller(access, ("x-api-key", key))).id for key in ("iw-1", "iw-2", KEY)}
    assert shown == {"iw-1": "web", "iw-2": "web", KEY: MASTER_KEY.id}
    for wrong in ("iw-3", "scrape", "web", hashlib.sha256(b"iw-1").hexdigest()):
        with pytest.raises(Unauthenticated, match="asks for a key: send"):
            await _caller(access, ("x-api-key", wrong))


async def test_law_6_callers_without_a_master_key_close_everything_the_metrics_too() -> None:
    access = Access("", "", [_policy("web", "iw-1", methods=frozenset({"draw"}))])
    assert not await _open(access)
    assert not await _open(access, metrics=True)
    access.use("", "", [])
    assert await _open(access)


async def test_f24_a_caller_is_let_in_only_to_methods_that_it_may_use() -> None:
    access = Access("", "", [_policy("web", "iw-1", methods=frozenset({"models"}))])
    shown = (("x-api-key", "iw-1"),)
    call = Call(headers=shown, permission=Permission.MODELS)
    await access.intercept(call)
    assert call.caller.counted_as == "web"
    with pytest.raises(PermissionDenied):
        await access.intercept(Call(headers=shown, permission=Permission.METRICS))


def test_a_policy_is_found_by_the_name_of_a_caller_that_shows_no_key() -> None:
    access = Access(policies=[_policy("web", "iw-1")])
    found = access.policy("web")
    assert found is not None
    assert found.name == "web"
    assert access.policy("other") is None


@pytest.mark.parametrize("suffices", [True, False])
async def test_a_certificate_says_who_it_is_whether_a_key_is_asked_for_or_not(suffices: bool) -> None:
    access = Access(KEY, certificates=CertificateRule((), suffices))
    call = Call(peer_id="cert:me", headers=[("x-api-key", KEY)])
    await access.intercept(call)
    assert (call.caller.id, call.caller.ambient) == ("cert:me", suffices)
    call = Call(peer_id="cert:me", permission=Permission.NONE)
    await access.intercept(call)
    assert call.caller is ANONYMOUS


async def test_behind_a_certificate_without_a_policy_a_key_with_one_says_who_it_is() -> None:
    access = Access(KEY, policies=[_policy("web", "iw-1"), _policy("cert:batch")], certificates=CertificateRule())
    for ident, key, expected in (
        ("cert:proxy", "iw-1", ("web", "web")),
        ("cert:proxy", KEY, ("cert:proxy", "")),
        ("cert:batch", "iw-1", ("cert:batch", "cert:batch")),
    ):
        call = Call(peer_id=ident, headers=[("x-api-key", key)], permission=Permission.DRAW)
        await access.intercept(call)
        assert (call.caller.id, call.caller.counted_as) == expected


class Known(Tokens):
    """Tokens of one text."""

    are_asked_for = True

    async def caller(self, shown: bytes) -> Caller | None:
        return Caller("jwt:i#ann") if shown == b"a.b.c" else None


async def test_a_token_is_shown_as_a_bearer_alone_and_keys_go_first() -> None:
    access = Access(KEY, policies=[_policy("web", "iw-1")], tokens=Known())
    shown = ("authorization", "Bearer a.b.c")
    assert (await _caller(access, shown)).id == "jwt:i#ann"
    assert await _caller(access, shown, ("x-api-key", KEY)) is MASTER_KEY
    for wrong in (("x-api-key", "a.b.c"), ("authorization", "Bearer a.b.d"), ("authorization", "a.b.c")):
        with pytest.raises(Unauthenticated, match=r"asks for a key or a token: send 'authorization: Bearer TOKEN'"):
            await _caller(access, wrong)
    with pytest.raises(Unauthenticated, match="asks for a token: send"):
        await _caller(Access(tokens=Known()))


async def test_behind_a_certificate_a_token_says_who_it_is_as_a_key_does() -> None:
    class OfTeam(Known):
        async def caller(self, shown: bytes) -> Caller | None:
            return Caller("jwt:i#ann", Policy("team")) if shown else None

    access = Access(certificates=CertificateRule((), suffices=True), tokens=OfTeam())
    for headers, expected in (([("authorization", "Bearer a.b.c")], "jwt:i#ann"), ([], "cert:proxy")):
        call = Call(peer_id="cert:proxy", headers=headers)
        await access.intercept(call)
        assert call.caller.id == expected
