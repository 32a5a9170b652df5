"""Load reports in the trailers of calls: ORCA, which Envoy and gRPC's weighted_round_robin (gRFC A58) balance by."""

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from imagewire_server.core.load import Load

TRAILER = "endpoint-load-metrics-bin"

# Of xds.data.orca.v3.OrcaLoadReport.
_FIELDS = {"rps_fractional": 6, "eps": 7, "application_utilization": 9}
_NAMED_METRICS = 8


def _report_class() -> Any:
    """The message, in a pool of its own: another package of the same process may have the whole of it."""
    kinds = FieldDescriptorProto
    file = FileDescriptorProto(name="orca.proto", package="imagewire.orca", syntax="proto3")
    report = file.message_type.add(name="OrcaLoadReport")
    for name, number in _FIELDS.items():
        report.field.add(name=name, number=number, type=kinds.TYPE_DOUBLE, label=kinds.LABEL_OPTIONAL)
    entry = report.nested_type.add(name="NamedMetricsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=kinds.TYPE_DOUBLE, label=kinds.LABEL_OPTIONAL)
    report.field.add(
        name="named_metrics",
        number=_NAMED_METRICS,
        type=kinds.TYPE_MESSAGE,
        label=kinds.LABEL_REPEATED,
        type_name=".imagewire.orca.OrcaLoadReport.NamedMetricsEntry",
    )
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("imagewire.orca.OrcaLoadReport"))


_Report = _report_class()


class LoadReport:
    """load: reads the load of this process. unread_bytes: of answers that clients have not read yet."""

    def __init__(self, load: Callable[[], Load], unread_bytes: Callable[[], int]) -> None:
        self._load = load
        self._unread_bytes = unread_bytes

    def trailer(self) -> tuple[str, bytes]:
        """What is added to the trailers of a call that ends now."""
        load = self._load()
        report = _Report(rps_fractional=load.calls, eps=load.faults, application_utilization=load.utilization)
        report.named_metrics["calls_running"] = load.running
        report.named_metrics["unread_bytes"] = self._unread_bytes()
        if load.quota_left is not None:
            report.named_metrics["quota_left"] = load.quota_left
        return TRAILER, report.SerializeToString()
