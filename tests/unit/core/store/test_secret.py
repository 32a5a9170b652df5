"""What can be the secret of a store."""

from types import SimpleNamespace

import pytest

from imagewire_server.core.store import secret


def test_new_ones_differ_and_count() -> None:
    first, second = secret.new(), secret.new()
    assert first != second
    assert secret.checked(first, "here") == first


@pytest.mark.parametrize("size", [0, 31, 33])
def test_what_has_another_length_is_none(size: int) -> None:
    with pytest.raises(secret.WrongSecret, match=f"here: has {size} bytes, .* remove it: then there is a new one"):
        secret.checked(bytes(size), "here")


def test_the_log_says_that_an_empty_one_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[dict[str, str]] = []
    monkeypatch.setattr(secret, "_log", SimpleNamespace(warning=lambda _, **fields: warned.append(fields)))
    secret.warn_of_empty("/kept/secret")
    assert warned == [{"place": "/kept/secret"}]
