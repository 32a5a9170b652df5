"""Google Cloud's access tokens: when they are renewed, by whom, and what a failure says."""

import asyncio
import errno
from datetime import UTC, datetime

import pytest
from google.auth.exceptions import RefreshError

from imagewire_server.contract.errors import Overloaded, Unreachable
from imagewire_server.providers.google import token


async def test_d14_own_exhaustion_is_no_fault_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(source: str) -> None:
        raise RefreshError("no token") from OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(token, "_load", load)
    with pytest.raises(Overloaded, match="nothing was sent"):
        await token.GoogleToken("sa.json").get()


class Credentials:
    """google-auth's, as far as they are used: each refresh makes another token, or fails."""

    quota_project_id = "quota"

    def __init__(self, clock: list[float], lifetime: float = 3600.0) -> None:
        self._clock = clock
        self.lifetime: float | None = lifetime
        self.refreshed = 0
        self.error: Exception | None = None
        self.token = ""
        self.expiry: datetime | None = None

    def refresh(self, request: object) -> None:
        self.refreshed += 1
        if self.error is not None:
            raise self.error
        self.token = f"token-{self.refreshed}"
        # Naive and in UTC, as google-auth's is.
        ends = None if self.lifetime is None else datetime.fromtimestamp(self._clock[0] + self.lifetime, UTC)
        self.expiry = None if ends is None else ends.replace(tzinfo=None)


@pytest.fixture
def clock() -> list[float]:
    return [1_000_000.0]


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> Credentials:
    made = Credentials(clock)
    monkeypatch.setattr(token, "_load", lambda source: (made, "project"))
    return made


async def test_a_token_serves_until_it_is_near_its_end(credentials: Credentials, clock: list[float]) -> None:
    source = token.GoogleToken("sa.json", now=lambda: clock[0])
    first = await source.get()
    assert first == token.Access("token-1", 1_003_600.0, "project", "quota")
    assert "token-1" not in repr(first)
    clock[0] += 3000
    assert await source.get() is first
    assert credentials.refreshed == 1
    # Ahead of its end it is renewed beside the calls, which do not wait.
    clock[0] += 400
    assert await source.get() is first
    assert source.renewal is not None
    second = await source.renewal
    assert await source.get() is second
    assert (second.token, second.expires) == ("token-2", 1_007_000.0)


async def test_a_token_that_is_about_to_end_is_waited_for(credentials: Credentials, clock: list[float]) -> None:
    source = token.GoogleToken("sa.json", now=lambda: clock[0])
    await source.get()
    clock[0] += 3591
    assert (await source.get()).token == "token-2"


async def test_many_callers_make_one_renewal(credentials: Credentials, clock: list[float]) -> None:
    source = token.GoogleToken("sa.json", now=lambda: clock[0])
    found = await asyncio.gather(*(source.get() for _ in range(50)))
    assert {access.token for access in found} == {"token-1"}


async def test_a_token_that_google_refused_is_renewed_once(credentials: Credentials, clock: list[float]) -> None:
    source = token.GoogleToken("sa.json", now=lambda: clock[0])
    refused = await source.get()
    await source.renew(refused)
    await source.renew(refused)  # another call was refused with the same token
    assert ((await source.get()).token, credentials.refreshed) == ("token-2", 2)


async def test_a_token_without_an_end_is_taken_for_an_hour(credentials: Credentials, clock: list[float]) -> None:
    credentials.lifetime = None
    assert (await token.GoogleToken("sa.json", now=lambda: clock[0]).get()).expires == clock[0] + 3600


@pytest.mark.parametrize(
    "error", [RefreshError("secret.example"), OSError("secret"), ValueError("secret"), KeyError("secret")]
)
async def test_a_failure_is_free_and_says_what_to_check_without_its_text(
    credentials: Credentials, clock: list[float], error: Exception
) -> None:
    source = token.GoogleToken("sa.json", now=lambda: clock[0])
    credentials.error = error
    with pytest.raises(Unreachable, match="check vertex_credentials, or the application default credentials") as failed:
        await source.get()
    assert not failed.value.charged
    assert "secret" not in failed.value.message
    credentials.error = None
    assert (await source.get()).token == "token-2", "the next call tries again"


async def test_a_renewal_ahead_that_fails_costs_no_call(credentials: Credentials, clock: list[float]) -> None:
    source = token.GoogleToken("sa.json", now=lambda: clock[0])
    first = await source.get()
    clock[0] += 3400
    credentials.error = RefreshError("x")
    assert await source.get() is first
    assert source.renewal is not None
    await asyncio.wait([source.renewal])
    assert await source.get() is first


async def test_credentials_are_read_again_and_the_old_ones_serve_on_where_they_cannot(
    monkeypatch: pytest.MonkeyPatch, credentials: Credentials, clock: list[float]
) -> None:
    source = token.GoogleToken("sa.json", now=lambda: clock[0])
    await source.reread()
    assert source.renewal is None, "they are read when they are first needed"
    first = await source.get()
    other = Credentials(clock)
    other.quota_project_id = "another"
    monkeypatch.setattr(token, "_load", lambda source: (other, "other"))
    await source.reread()
    assert source.renewal is not None
    assert (await source.renewal).project == "other"
    assert (await source.get()).quota_project == "another"

    def unreadable(source: str) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(token, "_load", unreadable)
    await source.reread()
    assert (await source.get()).project == "other"
    assert first.project == "project"


@pytest.mark.parametrize("source", ["/nowhere/sa.json", "{", '{"type":"nothing"}', "{}"])
async def test_credentials_that_cannot_be_loaded_are_told(source: str) -> None:
    with pytest.raises(Unreachable, match="the server got no token for Vertex AI; nothing was charged"):
        await token.GoogleToken(source).get()
