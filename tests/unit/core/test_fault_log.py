"""The log of a fault says where it was, and nothing of what it says."""

import pytest
from structlog.testing import CapturingLogger

from imagewire_server.contract.errors import Internal
from imagewire_server.core import fault_log


def _raised() -> ValueError:
    with pytest.raises(ValueError, match="key") as caught:
        raise ValueError("the key is AIzaSecret")
    return caught.value


def test_a_fault_is_described_by_its_type_and_its_locations() -> None:
    described = fault_log.describe(_raised())
    assert described["kind"] == "ValueError"
    assert [place.rpartition(":")[0] for place in described["places"]] == [__file__]
    assert "AIza" not in str(described)


def test_the_caller_is_given_the_request_id_that_the_log_has(monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(fault_log, "_log", log)
    error = fault_log.log_fault(_raised(), "id-7")
    assert isinstance(error, Internal)
    assert "id-7" in error.message
    (line,) = log.calls
    assert (line.method_name, line.args, line.kwargs["request_id"]) == ("error", ("fault",), "id-7")
    assert "AIza" not in error.message + str(log.calls)
