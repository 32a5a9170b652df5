"""Reasons: the contract's enum, the code and the page on errors say the same."""

import json
import re
from collections import defaultdict

import pytest
from google.protobuf.json_format import ParseDict
from google.rpc.error_details_pb2 import ErrorInfo

from imagewire_server.contract import access_errors, errors, keep_errors, pb
from imagewire_server.contract.errors import DOMAIN, Code, Error, Refused, UpstreamError
from imagewire_server.providers.google.wire.errors import _KEY_INVALID, _QUOTA, _TABLE, refusal
from tests.docs.pages import ROOT

PROTO = (ROOT / "protos/imagewire/v1/error_reason.proto").read_text()
PAGE = (ROOT / "docs/errors.md").read_text()
ENUM = {name.removeprefix("ERROR_REASON_") for name in pb.ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
ROWS = re.findall(r"^\| ([A-Z_, ]+) \| (\w+) \| (.+) \| (no|maybe|yes) \| (.+) \|$", PAGE, re.MULTILINE)
VALUES = re.findall(r"((?:^  //.*\n)+)^  ERROR_REASON_(\w+) = (\d+);", PROTO, re.MULTILINE)
KINDS = [*vars(errors).values(), *vars(keep_errors).values(), *vars(access_errors).values()]
# By what came before it.
COOLING = {Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED}


def codes() -> dict[str, set[Code]]:
    """The statuses that each reason has in the code."""
    found: dict[str, set[Code]] = defaultdict(set)
    for kind in KINDS:
        if isinstance(kind, type) and issubclass(kind, Error) and kind not in {Error, UpstreamError, Refused}:
            found[kind.reason].add(kind.code)
    for row in (*_TABLE.values(), _KEY_INVALID, _QUOTA):
        found[row.reason].add(row.code)
    odd = refusal(302, b"", retry_after=None, secrets=(), max_retry_after=1, request_bytes=1)
    found[odd.reason].add(odd.code)
    found["UPSTREAM_COOLING"] = COOLING
    return found


def test_every_reason_of_the_code_is_the_contracts_and_the_other_way_round() -> None:
    assert set(codes()) == ENUM


def test_the_page_has_every_reason_once_with_its_statuses() -> None:
    assert sorted(reason for _, reason, *_ in ROWS) == sorted(ENUM)
    told = {reason: {Code[status] for status in statuses.split(", ")} for statuses, reason, *_ in ROWS}
    assert told == dict(codes())


def test_the_page_says_of_every_reason_whether_it_is_charged() -> None:
    charged: dict[str, set[bool]] = defaultdict(set)
    for kind in KINDS:
        if isinstance(kind, type) and issubclass(kind, Error) and kind not in {Error, UpstreamError, Refused}:
            charged[kind.reason].add(kind.charged)
    for row in (*_TABLE.values(), _KEY_INVALID, _QUOTA):
        charged[row.reason].add(row.charged)
    charged["UPSTREAM_UNEXPECTED_STATUS"] = {True, False}
    assert {reason: said != "no" for _, reason, _, said, _ in ROWS} == {
        reason: True in found for reason, found in charged.items()
    }


def told(comment: str) -> str:
    """Whether a call was charged, by the comment of the contract."""
    if "may have been charged" in comment or "unless the message says so" in comment:
        return "maybe"
    return "yes" if "and charged" in comment else "no"


def test_the_page_says_it_as_the_contract_does() -> None:
    comments = {name: " ".join(comment.replace("//", " ").split()) for comment, name, _ in VALUES}
    assert {reason: said for _, reason, _, said, _ in ROWS} == {reason: told(comments[reason]) for reason in ENUM}


@pytest.mark.parametrize(("comment", "name"), [value[:2] for value in VALUES if value[1] != "UNSPECIFIED"])
def test_every_value_has_a_meaning_a_remedy_and_an_example(comment: str, name: str) -> None:
    text, _, example = comment.partition("// Example of an ErrorInfo:")
    assert "Remedy" in text
    info = ParseDict(json.loads(re.sub(r"^  //", "", example.strip("\n"), flags=re.MULTILINE)), ErrorInfo())
    assert (info.reason, info.domain) == (name, DOMAIN)
    status = info.metadata.get("upstream_status", "")
    assert not status or name in {_TABLE[status].reason, _QUOTA.reason}, "the status has this reason"


def test_every_value_was_looked_at() -> None:
    assert {name for _, name, _ in VALUES} == ENUM | {"UNSPECIFIED"}
