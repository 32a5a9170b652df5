"""A load report has the numbers of the fields of xds.data.orca.v3.OrcaLoadReport."""

import struct

from imagewire_server.api.grpc.orca import LoadReport
from imagewire_server.core.load import Load


def _double(number: int, value: float) -> bytes:
    return bytes([number << 3 | 1]) + struct.pack("<d", value)


def _named(name: str, value: float) -> bytes:
    entry = bytes([1 << 3 | 2, len(name)]) + name.encode() + _double(2, value)
    return bytes([8 << 3 | 2, len(entry)]) + entry


def test_a_report_is_what_proxies_read() -> None:
    name, report = LoadReport(lambda: Load(0.75, 10.5, 0.5, 3), lambda: 4096).trailer()
    assert name == "endpoint-load-metrics-bin"
    named = (_named("calls_running", 3), _named("unread_bytes", 4096))
    fields = _double(6, 10.5) + _double(7, 0.5) + _double(9, 0.75)
    assert report in {
        _double(6, 10.5) + _double(7, 0.5) + b"".join(order) + _double(9, 0.75) for order in (named, named[::-1])
    }
    assert len(report) == len(fields) + sum(map(len, named))


def test_no_load_at_all_is_told_too() -> None:
    _, report = LoadReport(lambda: Load(0.25, 0.0, 0.0, 0), lambda: 0).trailer()
    assert report.endswith(_double(9, 0.25))
