"""The canonical codes, and HTTP's for each."""

from imagewire_server.contract.code import HTTP_STATUSES, Code


def test_every_code_has_an_http_status() -> None:
    assert set(HTTP_STATUSES) == set(Code)
    assert all(400 <= status < 600 for status in HTTP_STATUSES.values())
