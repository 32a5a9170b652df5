"""Where keys are: what is wrong stops the start, and changes nothing later."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from imagewire_server.config.source import ConfigError
from imagewire_server.config.token_issuers import Issuer
from imagewire_server.core.access import key_source
from imagewire_server.core.access.key_source import KeySource, check
from tests.token_issuer import ISSUER, KeyServer, key_server, key_set, public_jwk

OLD, NEW = key_set(public_jwk("ES256", 0)), key_set(public_jwk("ES256", 1))


@pytest.fixture
def served() -> Iterator[KeyServer]:
    with key_server(OLD) as server:
        yield server


def issuer(jwks: str | Path) -> Issuer:
    return Issuer(ISSUER, ("a",), str(jwks), where="c.yaml:7")


class Clock:
    def __init__(self) -> None:
        self.now = 1.0  # the machine has just started

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def opened(
    given: Issuer, clock: Callable[[], float] = time.monotonic, changed: Callable[[], None] = lambda: None
) -> AsyncIterator[KeySource]:
    source = KeySource(given, changed, clock=clock)
    await source.open()
    try:
        yield source
    finally:
        await source.aclose()


async def test_unknown_keys_are_looked_for_once_in_a_while_by_all_together(served: KeyServer) -> None:
    clock, changes = Clock(), []
    async with opened(issuer(served.url), clock, lambda: changes.append(1)) as source:
        assert source.keys.find("ES256", "0")
        served.body = NEW
        await asyncio.gather(*(source.look() for _ in range(50)))
        assert served.asked == 2
        assert source.keys.find("ES256", "1")
        assert not source.keys.find("ES256", "0")
        for seconds, asked in ((9.0, 2), (1.5, 3), (0.0, 3)):
            clock.now += seconds
            await source.look()
            assert served.asked == asked
        assert len(changes) == 2


async def test_f28_keys_that_cannot_be_had_keep_the_last_good_ones_and_say_so_once(served: KeyServer) -> None:
    clock = Clock()
    async with opened(issuer(f"{served.url}?token=secret"), clock) as source:
        with capture_logs() as logs:
            for body, status in ((b"<html>", 200), (b"<html>", 200), (OLD, 503), (key_set({"kty": "oct"}), 200)):
                served.body, served.status = body, status
                clock.now += 60
                await source.look()
                assert source.keys.find("ES256", "0")
            served.body, served.status = NEW, 200
            clock.now += 60
            await source.look()
            assert source.keys.find("ES256", "1")
    # Other lines are of what earlier tests have left behind.
    assert [line["why"].partition(" ")[2] for line in logs if "why" in line] == [
        "is not JSON",
        "answers 503 instead of 200",
        "has no key for signatures with RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA",
    ]
    assert "secret" not in str(logs)


async def test_a_file_is_read_again_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_source, "_FILE_PACE", 0.01)
    monkeypatch.setattr(key_source, "_LEAST_FILE_PACE", 0.0)
    file = tmp_path / "keys.json"
    file.write_bytes(OLD)
    changed = asyncio.Event()
    async with opened(issuer(file), changed=changed.set) as source:
        changed.clear()
        file.write_bytes(NEW)
        async with asyncio.timeout(60):
            while not source.keys.find("ES256", "1"):
                await changed.wait()
                changed.clear()
        file.unlink()
        with capture_logs() as logs:
            async with asyncio.timeout(60):
                while not logs:
                    await source.look()
        assert "cannot be read (No such file or directory)" in logs[0]["why"]
        assert source.keys.find("ES256", "1")


async def test_a_fault_of_ours_ends_no_looking(served: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    async with opened(issuer(served.url)) as source:
        monkeypatch.setattr(key_source, "KeySet", broken)
        served.body = NEW
        with capture_logs() as logs:
            await source.look()
        assert (logs[0]["kind"], "secret" in str(logs)) == ("ZeroDivisionError", False)
        assert source.keys.find("ES256", "0")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"{}", 'is no JWKS: it must be {"keys": [...]}'),
        (b"x" * 300_000, "is larger than 262144 bytes"),
    ],
    ids=["absent", "empty", "large"],
)
async def test_f28_the_start_stops_with_line_and_remedy(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_bytes(content)
    given = issuer(file)
    for attempt in (lambda: KeySource(given, lambda: None).open(), lambda: asyncio.to_thread(check, [given])):
        with pytest.raises(ConfigError) as raised:
            await attempt()
        said = str(raised.value)
        assert said.startswith(f"c.yaml:7: jwks {file} {words}")
        assert said.endswith(f"name a file, or a URL, with the public keys of {ISSUER} as a JWKS")


async def test_what_is_no_file_is_not_read_and_a_url_is_not_fetched_to_check(tmp_path: Path, served: KeyServer) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for given, words in ((tmp_path, r"cannot be read \(Is a directory\)"), (pipe, "is not a regular file")):
        with pytest.raises(ConfigError, match=words):
            await KeySource(issuer(given), lambda: None).open()
    served.status = 404
    await asyncio.to_thread(check, [issuer(served.url)])
    assert served.asked == 0
    with pytest.raises(ConfigError, match=r"c\.yaml:8: jwks http.* answers 404"):
        await KeySource(replace(issuer(served.url), where="c.yaml:8"), lambda: None).open()
