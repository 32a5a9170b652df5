"""Slots for calls: as many as there may be, and free again when a call ends, however it ends."""

import pytest

from imagewire_server.contract.errors import Overloaded
from imagewire_server.core import metrics
from imagewire_server.core.concurrency import Admission


def test_the_call_too_many_is_refused_and_holds_nothing() -> None:
    admission = Admission(2)
    before = metrics.everything().get(("imagewire_calls_running",), 0.0)
    with admission.slot(), admission.slot():
        with pytest.raises(Overloaded) as refused, admission.slot():
            raise AssertionError("a third call drew")
        assert refused.value.retry_after == 1.0
        assert metrics.everything()[("imagewire_calls_running",)] == before + 2
    with pytest.raises(ValueError, match="drawn"), admission.slot():
        raise ValueError("drawn")
    with admission.slot(), admission.slot():
        pass
    assert metrics.everything()[("imagewire_calls_running",)] == before
