"""The operator's own port: metrics and health without a key, with and without REST."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire_server.contract import pb
from imagewire_server.core.drain import CLEANUP
from tests.authority import Authority
from tests.conftest import Stack, running_stack, spec
from tests.integration import processes
from tests.integration.tls_stack import tls_stack

PAGE = Path(__file__).parents[2] / "service/imagewire_server/api/rest/admin_page"


@asynccontextmanager
async def admin_of(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    url = f"http://127.0.0.1:{await stack.server.admin.start()}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        yield client


async def test_it_asks_for_no_key_where_the_apis_do_and_there_is_no_rest() -> None:
    async with running_stack(master_key="secret", admin="127.0.0.1:0") as stack, admin_of(stack) as admin:
        with pytest.raises(grpc.aio.AioRpcError):
            await stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec())).read()
        page = await admin.get("/metrics")
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert page.headers["cache-control"] == "no-store"
        names = {family.name for family in text_string_to_metric_families(page.text)}
        assert {"imagewire_calls", "imagewire_call_seconds", "imagewire_calls_running"} <= names
        assert 'code="KEY_INVALID"' in page.text
        # Reading it is no call.
        assert page.text == (await admin.get("/metrics")).text


async def test_openmetrics_is_for_who_asks_for_it() -> None:
    accepted = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
    async with running_stack(rest=True, admin="127.0.0.1:0") as stack, admin_of(stack) as admin:
        page = await admin.get("/metrics", headers={"accept": accepted})
        assert page.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert page.text.endswith("# EOF\n")
        assert "imagewire_calls_running" in {family.name for family in open_metrics(page.text)}
        own = await stack.rest.get("/metrics", headers={"accept": accepted})
        assert own.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_it_is_alive_and_ready_until_it_stops() -> None:
    async with running_stack(admin="127.0.0.1:0") as stack, admin_of(stack) as admin:
        said = [(await admin.get(path)).status_code for path in ("/healthz", "/readyz")]
        stack.server.admin.announce_stop()
        said += [(await admin.get(path)).status_code for path in ("/healthz", "/readyz")]
        assert said == [200, 200, 200, 503]
        assert "stopping" in (await admin.get("/readyz")).text


async def test_it_has_nothing_else() -> None:
    async with running_stack(admin="127.0.0.1:0") as stack, admin_of(stack) as admin:
        for path in ("/v1/models", "/health", "/metrics/", "/v1/images/generations", "/page/", "/page/nothing.js"):
            missing = await admin.get(path)
            assert (missing.status_code, missing.text) == (
                404,
                "here are only /, /status, /metrics, /healthz and /readyz\n",
            ), path
        posted = await admin.post("/metrics", content=b"x")
        assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")
        head = await admin.head("/healthz")
        assert (head.status_code, head.content) == (200, b"")


async def test_without_the_pages_it_has_none() -> None:
    async with running_stack(admin="127.0.0.1:0", ui=False) as stack, admin_of(stack) as admin:
        names = [path.name for path in PAGE.iterdir()]
        for path in ("/", *(f"/page/{name}" for name in names)):
            missing = await admin.get(path)
            assert (missing.status_code, missing.text) == (
                404,
                "here are only /status, /metrics, /healthz and /readyz\n",
            )
        assert (await admin.get("/status")).status_code == 200


async def test_a_page_of_another_site_does_not_read_it() -> None:
    async with running_stack(admin="127.0.0.1:0") as stack, admin_of(stack) as admin:
        for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
            refused = await admin.get("/metrics", headers=headers)
            assert (refused.status_code, "imagewire_" in refused.text) == (403, False)
            assert "localhost" in refused.text


async def test_with_a_certificate_it_speaks_tls(tmp_path: Path) -> None:
    async with tls_stack(tmp_path, Authority(), admin="127.0.0.1:0") as made:
        port = await made.stack.server.admin.start()
        async with httpx.AsyncClient(verify=made.context(), trust_env=False, timeout=60) as client:
            assert (await client.get(f"https://localhost:{port}/readyz")).status_code == 200
            with pytest.raises(httpx.TransportError):
                await client.get(f"http://localhost:{port}/readyz")


async def test_who_does_not_read_holds_up_no_stop() -> None:
    async with running_stack(admin="127.0.0.1:0") as stack:
        port = await stack.server.admin.start()
        loop = asyncio.get_running_loop()
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.setblocking(False)
            await loop.sock_connect(reader, ("127.0.0.1", port))
            http = stack.server.admin._http._uvicorn
            assert http is not None
            while not http.server_state.connections:  # noqa: ASYNC110  # plain data of uvicorn's
                await asyncio.sleep(0)
            (connection,) = http.server_state.connections
            for asked in itertools.count(1):
                await loop.sock_sendall(reader, b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n")
                unread = connection.transport.get_write_buffer_size
                while http.server_state.total_requests < asked and not unread():  # noqa: ASYNC110  # as above
                    await asyncio.sleep(0)
                if unread():
                    break
            begun = loop.time()
            await stack.server.admin.drain()
            assert loop.time() - begun < 2 * CLEANUP


def _called(address: str) -> None:
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        model_service_pb2_grpc.ModelServiceStub(channel).ListModels(pb.ListModelsRequest(), timeout=60)


@pytest.mark.system
def test_any_worker_tells_of_all_and_tells_that_it_drains() -> None:
    arguments = ("--workers", "2", "--admin", "127.0.0.1:0")
    with processes.emulator() as emulator, processes.server(emulator.address, *arguments) as served:
        calls, workers = 0, set()
        while len(workers) < 2:
            _called(served.address)
            calls += 1
            workers.add(served.log_line("call")["worker"])
        page = httpx.get(f"{served.admin}/metrics", timeout=60, trust_env=False).text
        (counted,) = (
            sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == "imagewire_calls_total" and sample.labels["method"].endswith("/ListModels")
        )
        assert counted == calls


@pytest.mark.system
def test_while_the_server_drains_it_still_answers() -> None:
    arguments = ("--admin", "127.0.0.1:0")
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, *arguments, drain_delay="3600") as served,
        grpc.insecure_channel(served.address) as channel,
    ):
        assert httpx.get(f"{served.admin}/readyz", timeout=60, trust_env=False).status_code == 200
        drip = pb.StreamCompletionRequest(spec=spec("gemini/emulator-drip-20000"))
        stream = chat_service_pb2_grpc.ChatServiceStub(channel).StreamCompletion(drip, timeout=600)
        next(stream)
        served.ask_to_stop()
        served.log_line("stopping")
        assert httpx.get(f"{served.admin}/readyz", timeout=60, trust_env=False).status_code == 503
        served.interrupt()
        served.log_line("draining")
        # No new calls are taken now, and this one runs.
        assert "imagewire_calls_running 1.0" in httpx.get(f"{served.admin}/metrics", timeout=60, trust_env=False).text
        assert httpx.get(f"{served.admin}/healthz", timeout=60, trust_env=False).status_code == 200
        stream.cancel()
