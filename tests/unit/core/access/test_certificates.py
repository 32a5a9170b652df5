"""Whom a certificate names, and who of them may call: by tables."""

import hashlib
from typing import Any

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.contract.errors import PermissionDenied, Unauthenticated
from imagewire_server.core.access.caller import ANONYMOUS, Permission
from imagewire_server.core.access.certificates import CertificateRule, caller_id, of_peercert, of_pem
from imagewire_server.core.access.keys import Access
from imagewire_server.core.call import Call
from tests.authority import Authority

ID = "spiffe://td/ns/a/sa/b"
# URIs, DNS names, the common name; the id.
_NAMES: list[tuple[list[str], list[str], str, str]] = [
    ([ID], [], "", ID),
    ([ID], ["host"], "name", ID),
    (["spiffe://td"], [], "", "spiffe://td"),
    ([ID, "spiffe://td/other"], [], "", ""),
    ([ID, "https://a"], [], "", ""),
    (["SPIFFE://td/ns"], ["host"], "name", ""),
    (["spiffe://TD/ns"], ["host"], "name", ""),
    (["spiffe://td/"], [], "name", ""),
    (["spiffe://td/a//b"], [], "name", ""),
    (["spiffe://td/a/../b"], [], "name", ""),
    (["spiffe://td/./b"], [], "name", ""),
    (["spiffe://td/a?x=1"], [], "name", ""),
    (["spiffe://td/a%2fb"], [], "name", ""),
    (["spiffe://td/" + "a" * 2048], [], "", ""),
    (["https://a/b"], [], "name", "cert:https://a/b"),
    (["https://a/b"], ["host", "other"], "name", "cert:host"),
    ([], ["host"], "name", "cert:host"),
    ([], [], "Jane Doe", "cert:Jane Doe"),
    ([], [], ID, f"cert:{ID}"),
    ([], [], "", ""),
    ([], [], "a\nb", ""),
    ([], [], " a", ""),
    ([], [], "a,b", ""),
    ([], ["x" * 257], "name", ""),
    ([], ["host\0.evil.example"], "", ""),
    ([f"{ID}\0/evil"], [], "", ""),
    ([], [], "name\0.evil.example", ""),
]
_AUTHORITY = Authority()


@pytest.mark.parametrize(("uris", "dns", "common_name", "found"), _NAMES)
def test_whom_a_certificate_names(uris: list[str], dns: list[str], common_name: str, found: str) -> None:
    assert caller_id(uris, dns, common_name) == found
    assert of_pem(_AUTHORITY.issue(*dns, uris=tuple(uris), name=common_name).cert) == found
    certificate = {
        "subject": ((("organizationName", "o"),), (("commonName", common_name),)) if common_name else (),
        "subjectAltName": (*(("URI", uri) for uri in uris), *(("DNS", name) for name in dns), ("IP Address", "::1")),
        "notAfter": "Jan  1 00:00:10 1970 GMT",
    }
    assert of_peercert(certificate, 9) == found
    assert of_peercert(certificate, 11) == ""


def test_a_peer_without_a_name_is_nobody() -> None:
    assert of_pem(_AUTHORITY.issue().cert) == ""
    assert of_pem(b"no certificate") == ""
    assert of_peercert({"notAfter": "Jan  1 00:00:10 1970 GMT"}, 0) == ""


@pytest.mark.parametrize(
    ("ident", "patterns", "may"),
    [
        (ID, (), True),
        ("", (), False),
        (ID, (ID,), True),
        (ID, ("spiffe://td/ns/*/sa/b",), True),
        (ID, ("spiffe://td/ns/*/sa/*",), True),
        (ID, ("cert:x", "spiffe://*/ns/a/sa/b"), True),
        (ID, ("spiffe://td/ns/*",), False),
        (ID, ("spiffe://td/*/sa/b",), False),
        (ID, ("spiffe://td/ns/a*/sa/b",), False),
        (ID, ("spiffe://td/ns/a/sa/b/*",), False),
        (ID, ("*",), False),
        (f"{ID}x", (ID,), False),
        ("cert:host", ("cert:host",), True),
        ("cert:host.example", ("cert:host",), False),
        (f"cert:{ID}", (ID,), False),
        ("", ("*",), False),
    ],
)
def test_who_may_call(ident: str, patterns: tuple[str, ...], may: bool) -> None:
    rule = CertificateRule(patterns)
    if may:
        assert rule.caller(ident).id == ident
        return
    with pytest.raises(PermissionDenied) as refused:
        rule.caller(ident)
    assert str(refused.value) == "this caller is not allowed here"


KEY = ("authorization", "Bearer sk-right")
WRONG = ("authorization", "Bearer sk-wrong")
SCRAPE = ("authorization", "Bearer scrape")
_OTHER = "spiffe://td/other"
# Whether a certificate is enough, and a master key there; what is shown; who may draw, and who may read the metrics.
_MATRIX: list[tuple[bool, bool, str, tuple[str, str] | None, Any, Any]] = [
    (False, True, ID, None, Unauthenticated, Unauthenticated),
    (False, True, ID, KEY, ID, ID),
    (False, True, ID, WRONG, Unauthenticated, Unauthenticated),
    (False, True, ID, SCRAPE, Unauthenticated, ID),
    (False, True, _OTHER, KEY, PermissionDenied, PermissionDenied),
    (False, True, "", KEY, PermissionDenied, PermissionDenied),
    (False, False, ID, None, ID, Unauthenticated),
    (False, False, ID, WRONG, ID, Unauthenticated),
    (False, False, ID, SCRAPE, ID, ID),
    (False, False, _OTHER, None, PermissionDenied, PermissionDenied),
    (True, True, ID, None, ID, ID),
    (True, True, ID, WRONG, ID, ID),
    (True, True, ID, KEY, ID, ID),
    (True, True, _OTHER, KEY, PermissionDenied, PermissionDenied),
]


@pytest.mark.parametrize(("suffices", "has_key", "ident", "shown", "draws", "reads"), _MATRIX)
async def test_the_matrix_of_certificates_and_keys(
    suffices: bool, has_key: bool, ident: str, shown: tuple[str, str] | None, draws: Any, reads: Any
) -> None:
    access = Access("sk-right" if has_key else "", "scrape", (), CertificateRule((ID,), suffices))
    for permission, expected in ((Permission.DRAW, draws), (Permission.METRICS, reads)):
        call = Call(permission=permission, peer_id=ident, headers=[shown] if shown else [])
        if isinstance(expected, str):
            await access.intercept(call)
            assert call.caller.id == expected
        else:
            with pytest.raises(expected):
                await access.intercept(call)
    open_call = Call(permission=Permission.NONE, peer_id=ident)
    await access.intercept(open_call)
    assert open_call.caller is ANONYMOUS


@pytest.mark.parametrize(("suffices", "shown", "ambient"), [(True, KEY, True), (False, KEY, False)])
async def test_a_browser_shows_a_certificate_by_itself_and_no_key(
    suffices: bool, shown: tuple[str, str], ambient: bool
) -> None:
    call = Call(peer_id=ID, headers=[shown])
    await Access("sk-right", "", (), CertificateRule((), suffices)).intercept(call)
    assert call.caller.ambient is ambient
    call = Call(peer_id=ID)
    await Access("", "", (), CertificateRule()).intercept(call)
    assert call.caller.ambient


WEB = ("authorization", "Bearer iw-web")
OPS = Policy("ops", (hashlib.sha256(b"iw-ops").digest(),))
OF_WEB = Policy("web", (hashlib.sha256(b"iw-web").digest(),), usd_per_day=1.0)
OF_ID = Policy(ID, methods=frozenset({"draw"}), requests_per_minute=3)


@pytest.mark.parametrize("suffices", [False, True])
@pytest.mark.parametrize(
    ("policies", "shown", "ident", "policy", "needs_key"),
    [
        ((OF_ID,), (), ID, OF_ID, False),
        ((OF_ID, OF_WEB), (), ID, OF_ID, True),
        ((OF_ID, OF_WEB), (WEB,), ID, OF_ID, False),
        ((OF_WEB,), (WEB,), "web", OF_WEB, False),
        ((OF_WEB,), (), ID, None, True),
        ((OF_WEB, OPS), (("x-api-key", "iw-ops"),), "ops", OPS, False),
        ((OF_WEB,), (KEY,), ID, None, False),
        ((OF_WEB,), (WRONG,), ID, None, True),
    ],
)
async def test_a_certificate_has_the_policy_of_its_name_or_else_that_of_the_key(
    suffices: bool,
    policies: tuple[Policy, ...],
    shown: tuple[tuple[str, str], ...],
    ident: str,
    policy: Policy | None,
    needs_key: bool,
) -> None:
    access = Access("sk-right" if KEY in shown else "", "", policies, CertificateRule((), suffices))
    call = Call(peer_id=ID, headers=shown, permission=Permission.DRAW)
    if needs_key and not suffices:
        with pytest.raises(Unauthenticated):
            await access.intercept(call)
        return
    await access.intercept(call)
    assert (call.caller.id, call.caller.policy) == (ident, policy)


async def test_a_certificate_may_use_only_the_methods_of_its_policy() -> None:
    access = Access("", "scrape", (OF_ID,), CertificateRule())
    with pytest.raises(PermissionDenied, match="may not use this method"):
        await access.intercept(Call(peer_id=ID, permission=Permission.MODELS))
    with pytest.raises(PermissionDenied, match="may not use this method"):
        await access.intercept(Call(peer_id=ID, permission=Permission.METRICS, headers=[SCRAPE]))
    another = Call(peer_id="cert:another", permission=Permission.MODELS)
    await access.intercept(another)
    assert (another.caller.policy, another.caller.ambient) == (None, True)
    access.use("", "scrape", ())
    mine = Call(peer_id=ID, permission=Permission.MODELS)
    await access.intercept(mine)
    assert mine.caller.policy is None
