"""Any worker's page of metrics leads to the traces of all."""

import http.client
from contextlib import ExitStack, closing

import grpc
import pytest

from imagewire.v1 import model_service_pb2_grpc
from imagewire_server.contract import pb
from tests.integration import processes
from tests.integration.test_workers import channels

pytestmark = pytest.mark.system

MODEL = "gemini/gemini-2.5-flash-image"


def traced(channel: grpc.Channel, trace_id: str, *, lists: bool) -> None:
    """A call whose trace is recorded."""
    stub, metadata = model_service_pb2_grpc.ModelServiceStub(channel), [("traceparent", f"00-{trace_id}-{'5' * 16}-01")]
    if lists:
        stub.ListModels(pb.ListModelsRequest(), metadata=metadata, timeout=60)
    else:
        stub.GetModel(pb.GetModelRequest(name=MODEL), metadata=metadata, timeout=60)


def test_each_worker_shows_the_exemplars_of_all() -> None:
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, "--workers", "2", "--admin", "127.0.0.1:0") as server,
        channels(server) as (its, others),
        ExitStack() as stack,
    ):
        host = server.admin.removeprefix("http://")
        # The kernel spreads them over the workers.
        scrapers = [stack.enter_context(closing(http.client.HTTPConnection(host, timeout=60))) for _ in range(6)]

        def pages() -> list[str]:
            found = []
            for scraper in scrapers:
                scraper.request("GET", "/metrics", headers={"accept": "application/openmetrics-text"})
                found.append(scraper.getresponse().read().decode())
            return found

        assert not any("trace_id" in page for page in pages())
        for old, new in ("12", "34"):
            traced(its[0], old * 32, lists=True)
            traced(others[0], new * 32, lists=False)
            for _ in range(2):
                assert all(old * 32 in page and new * 32 in page for page in pages())
        # In one bucket, the newest counts, whoever had it.
        traced(others[0], "6" * 32, lists=True)
        assert all("6" * 32 in page for page in pages())
