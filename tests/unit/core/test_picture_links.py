"""A token is ours, whole and in time, or it is nothing."""

import base64
import time
from dataclasses import replace
from pathlib import Path

import pytest

from imagewire_server.core import picture_links
from imagewire_server.core.picture_links import Link, Links
from tests.unit.core.store.local.stores import opened

SECRET = b"s" * 32
LINK = Link("master key", "cmpl-" + "ab" * 16, 0, 70_000, 1_800_000_000)


def test_a_token_is_read_until_it_expires() -> None:
    token = picture_links.token(SECRET, LINK)
    assert picture_links.read(SECRET, token, LINK.expires - 1) == LINK
    assert picture_links.read(SECRET, token, LINK.expires) is None
    assert picture_links.read(b"other", token, 0) is None


def test_who_has_a_token_learns_nothing_of_the_caller() -> None:
    link = replace(LINK, caller="jwt:https://login.example#ann@example.org")
    token = picture_links.token(SECRET, link)
    assert token == picture_links.token(SECRET, link), "caches know it again"
    seen = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    other = picture_links.token(SECRET, replace(link, part_index=1))
    for told in (link.caller.encode(), b"jwt", bytes.fromhex(link.completion_id.removeprefix("cmpl-"))):
        assert told not in seen
    # Nor that two pictures are of the same caller.
    assert not any(token[at : at + 4] in other for at in range(len(token) - 4))


@pytest.mark.parametrize("text", ["", "x", "é", "A" * 10, "A" * 400])
def test_what_is_no_token(text: str) -> None:
    assert picture_links.read(SECRET, text, 0) is None


def test_every_change_is_found() -> None:
    token = picture_links.token(SECRET, LINK)
    for at in range(len(token) - 1):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert picture_links.read(SECRET, changed, 0) is None


def test_each_picture_has_its_own_id() -> None:
    places = [("cmpl-1", 0, 0), ("cmpl-1", 0, 1), ("cmpl-1", 1, 0), ("cmpl-2", 0, 0)]
    ids = {picture_links.image_id(secret, *place) for secret in (SECRET, b"other") for place in places}
    assert len(ids) == 8
    assert picture_links.image_id(SECRET, *places[0]) in ids


async def test_links_are_read_by_all_that_share_a_store(tmp_path: Path) -> None:
    link = replace(LINK, expires=int(time.time()) + 1000)
    async with opened(tmp_path / "a") as store, opened(tmp_path / "a") as same, opened(tmp_path / "b") as other:
        token = Links(store).token(link)
        assert Links(same).read(token) == link
        assert Links(other).read(token) is None
        assert Links(store).read(Links(store).token(replace(link, expires=1))) is None
        assert Links(store).image_id(link) == Links(same).image_id(link) != Links(other).image_id(link)
