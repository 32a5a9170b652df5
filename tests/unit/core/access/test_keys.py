"""Who may call: where a key may stand, and how odd headers are read."""

import pytest

from imagewire_server.contract.errors import Unauthenticated
from imagewire_server.core.access.caller import ANONYMOUS, MASTER_KEY, METRICS_KEY, Permission
from imagewire_server.core.access.certificates import CertificateRule
from imagewire_server.core.access.keys import Access
from imagewire_server.core.call import Call

KEY = "sk-right"


def _open(access: Access, *headers: tuple[str | bytes, str | bytes], metrics: bool = False) -> bool:
    try:
        access.caller(headers, Permission.METRICS if metrics else Permission.DRAW)
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
def test_d14_odd_headers_read_alike_as_metadata_and_as_bytes(right: bool, headers: list[tuple[str, str]]) -> None:
    access = Access(KEY)
    assert _open(access, *headers) is right
    assert _open(access, *((name.encode(), value.encode()) for name, value in headers)) is right


def test_d14_a_key_of_the_metrics_opens_nothing_else() -> None:
    access = Access(KEY, "scrape")
    shown = ("authorization", "Bearer scrape")
    assert _open(access, shown, metrics=True)
    assert not _open(access, shown)
    assert _open(access, ("authorization", f"Bearer {KEY}"), metrics=True)
    assert not _open(access, metrics=True)


def test_d14_a_key_of_the_metrics_alone_closes_them_and_nothing_else() -> None:
    access = Access("", "scrape")
    assert _open(access)
    assert not _open(access, metrics=True)


def test_without_keys_nothing_is_asked() -> None:
    assert _open(Access())
    assert _open(Access(), metrics=True)


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


@pytest.mark.parametrize("suffices", [True, False])
async def test_a_certificate_says_who_it_is_whether_a_key_is_asked_for_or_not(suffices: bool) -> None:
    access = Access(KEY, certificates=CertificateRule((), suffices))
    call = Call(peer_id="cert:me", headers=[("x-api-key", KEY)])
    await access.intercept(call)
    assert (call.caller.id, call.caller.ambient) == ("cert:me", suffices)
    call = Call(peer_id="cert:me", permission=Permission.NONE)
    await access.intercept(call)
    assert call.caller is ANONYMOUS
