"""Callers that are known by JSON Web Tokens: real keys, real calls, and keys that are replaced meanwhile."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from imagewire_server.config.caller_policies import METHODS, Policy
from imagewire_server.config.token_issuers import Issuer
from imagewire_server.config.token_rules import TokenRule
from imagewire_server.contract import pb
from imagewire_server.core.access import key_source
from tests.conftest import Stack, running_stack, spec
from tests.integration.caller_keys import FLASH, policy
from tests.integration.caller_keys import shown as shown_key
from tests.integration.http2 import Call
from tests.integration.status import told
from tests.integration.test_callers import PATHS, SERVICES
from tests.token_issuer import AUDIENCE, ISSUER, key_server, key_set, public_jwk, shown, token, unsigned

CALLERS = (
    Policy("web", jwt=TokenRule(ISSUER, "web"), models=(FLASH,), requests_per_minute=3),
    Policy("team", jwt=TokenRule(ISSUER, claims=(("groups", "artists"),)), usd_per_day=0.05, usd_per_call=0.04),
    policy("key"),
)


def issuer(jwks: Path | str) -> Issuer:
    return Issuer(ISSUER, (AUDIENCE,), str(jwks))


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    (tmp_path / "keys.json").write_bytes(key_set())
    async with running_stack(callers=CALLERS, issuers=(issuer(tmp_path / "keys.json"),), rest=True) as made:
        yield made


async def create(stack: Stack, given: str, model: str = FLASH) -> str:
    """The reason with which a call over gRPC ended."""
    try:
        await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec(model)), metadata=shown(given))
    except grpc.aio.AioRpcError as error:
        return told(error).info.reason
    return "OK"


async def draw(stack: Stack, given: str, model: str = FLASH) -> tuple[int, str]:
    """The same over REST: the status, and the code of the error."""
    asked = {"model": model, "prompt": "A banana"}
    answer = await stack.rest.post("/v1/images/generations", json=asked, headers=dict(shown(given)))
    return answer.status_code, answer.json().get("error", {}).get("code", "")


async def test_f24_the_matrix_of_methods_and_callers(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(key_set())
    callers = tuple(
        Policy(method, jwt=TokenRule(ISSUER, claims=(("scope", method),)), methods=frozenset({method}))
        for method in METHODS
    )
    tokens = {method: token(scope=f"openid {method}") for method in METHODS}
    tokens |= {"nobody": token(scope="openid"), "stranger": token(number=1, scope="draw")}
    expected = {"nobody": ("7", 403), "stranger": ("16", 401)}
    async with running_stack(callers=callers, issuers=(issuer(tmp_path / "keys.json"),), rest=True) as stack:
        for method, needed in SERVICES.items():
            for name, given in tokens.items():
                async with Call(stack.target, method, *shown(given)) as call:
                    await call.send(b"", end=True)
                    code = await call.ended()
                assert (code == expected.get(name, ("7",))[0]) == (needed not in {name, "none"}), (method, name, code)
        for (verb, path), needed in PATHS.items():
            for name, given in tokens.items():
                answer = await stack.rest.request(verb, path, headers=dict(shown(given)), json={})
                refused_with = expected.get(name, ("", 403))[1]
                assert (answer.status_code == refused_with) == (needed not in {name, "none"}), (path, name, answer)
        assert not stack.emulator.ledger.entries


async def test_each_token_has_the_models_and_limits_of_its_entry(stack: Stack) -> None:
    assert await create(stack, token("web")) == "OK"
    assert await create(stack, token("web"), "gemini/gemini-3-pro-image") == "CALLER_NOT_ALLOWED"
    assert await draw(stack, token("web")) == (200, "")
    assert await draw(stack, token("web", jti="another")) == (429, "caller_limited")
    assert await create(stack, token("ann")) == "CALLER_NOT_ALLOWED"
    for subject in ("ann", "bob"):  # each has a budget of its own
        given = token(subject, groups=["artists"])
        assert [await create(stack, given) for _ in range(2)] == ["OK", "BUDGET_EXHAUSTED"]
    for _ in range(5):
        answer = await stack.rest.get("/v1/models", headers=dict(shown_key("key")))
        assert answer.status_code == 200


async def test_a_picture_s_url_hides_whose_it_is_and_comes_back(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(key_set())
    staff = Policy("staff", jwt=TokenRule(ISSUER))
    kept = {"keep": "local", "keep_dir": str(tmp_path / "kept")}
    async with running_stack(callers=(staff,), issuers=(issuer(tmp_path / "keys.json"),), rest=True, **kept) as stack:
        for subject in ("ann@example.org", "ä" * 256):
            headers = dict(shown(token(subject)))
            asked = {"model": FLASH, "prompt": "A banana", "response_format": "url"}
            drawn = (await stack.rest.post("/v1/images/generations", json=asked, headers=headers)).json()
            url = drawn["data"][0]["url"]
            given = url.rpartition("/")[2]
            seen = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))
            assert subject.encode() not in seen
            assert b"jwt" not in seen
            assert (await stack.rest.get(url)).status_code == 200
            content = [{"type": "text", "text": "Edit"}, {"type": "image_url", "image_url": {"url": url}}]
            again = {"model": FLASH, "messages": [{"role": "user", "content": content}]}
            answer = await stack.rest.post("/v1/chat/completions", json=again, headers=headers)
            assert answer.status_code == 200, answer.text


async def test_f25_no_other_token_and_no_hint_about_keys(stack: Stack) -> None:
    header, claims = {"alg": "RS256", "kid": "0"}, {"iss": ISSUER, "aud": AUDIENCE, "sub": "web", "exp": 9_000_000_000}
    refused = [
        token("web", exp=int(time.time()) - 3600),
        token("web", exp=None),
        token("web", exp="9000000000"),
        token("web", aud="others"),
        token("web", iss="https://issuer.example.com"),
        token("web", number=1),
        unsigned({"alg": "none"}, claims, b""),
        unsigned({"alg": "HS256", "kid": "0"}, claims),
        unsigned(header, claims),
        unsigned(header, b"[" * 5_000),
        "a.b.c",
        "..",
    ]
    words = set()
    for given in refused:
        assert await create(stack, given) == "KEY_INVALID", given
        answer = await stack.rest.post("/v1/images/generations", json={}, headers=dict(shown(given)))
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="imagewire"')
        words.add(answer.json()["error"]["message"])
    assert len(words) == 1, "nobody learns which of a token is wrong"
    (said,) = words
    assert said.startswith("this server asks for a key or a token: send 'authorization: Bearer TOKEN'")
    assert not stack.emulator.ledger.entries


async def test_f28_keys_are_replaced_under_load_and_no_call_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_source, "_LEAST_URL_PACE", 3600.0)  # however slow the machine is
    first, second = (public_jwk("RS256", number) for number in (0, 1))
    caller = Policy("web", jwt=TokenRule(ISSUER, "web"))
    with key_server(key_set(first)) as server:
        async with running_stack(callers=(caller,), issuers=(issuer(server.url),), rest=True) as stack:
            ended = []
            stop = asyncio.Event()

            async def draw_on(number: int) -> None:
                while not stop.is_set():
                    ended.append(await create(stack, token("web", jti=str(len(ended)), number=number)))

            drawing = asyncio.create_task(draw_on(0))
            server.body = key_set(first, second)
            assert await create(stack, token("web", number=1)) == "OK", "an unknown key is fetched"
            assert server.asked == 2
            server.body, server.status = b"", 503
            # Nobody can have keys fetched by calling with unknown ones.
            assert {await create(stack, token("web", number=number)) for number in (2, 3, 4)} == {"KEY_INVALID"}
            assert await draw(stack, token("web", number=1)) == (200, "")
            stop.set()
            await drawing
            assert set(ended) == {"OK"}
            assert server.asked == 2


async def test_a_token_beside_a_master_key_is_one_of_several(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(key_set())
    given = {"issuers": (issuer(tmp_path / "keys.json"),), "master_key": "sk-master", "rest": True}
    async with running_stack(callers=CALLERS, **given) as stack:  # type: ignore[arg-type]
        answer = await stack.rest.get("/metrics", headers={"x-api-key": "sk-master", **dict(shown(token("ann")))})
        assert answer.status_code == 200
        assert await create(stack, token("web")) == "OK"
        assert (await stack.rest.get("/v1/models")).status_code == 401


async def test_each_subject_has_its_own_answers(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(key_set())
    callers = (Policy("team", jwt=TokenRule(ISSUER)),)
    kept = {"keep": "local", "keep_dir": str(tmp_path / "kept")}
    async with running_stack(callers=callers, issuers=(issuer(tmp_path / "keys.json"),), **kept) as stack:
        ann, bob = shown(token("ann")), shown(token("bob"))
        request = pb.StreamCompletionRequest(spec=spec(FLASH))
        events = [event async for event in stack.chat.StreamCompletion(request, metadata=ann)]
        asked = pb.ResumeCompletionRequest(completion_id=events[0].started.completion_id)
        assert [event async for event in stack.chat.ResumeCompletion(asked, metadata=ann)]
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            [event async for event in stack.chat.ResumeCompletion(asked, metadata=bob)]
        assert told(failed.value).info.reason == "COMPLETION_NOT_FOUND"
