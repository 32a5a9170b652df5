"""The table of foreign exceptions: what failed before a connection stood is free, the rest may be charged."""

import errno

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from imagewire_server.contract.errors import Cut, Malformed, Unreachable, UpstreamError
from imagewire_server.transport.pool import translate

KEY = ConnectionKey("secret.example", 443, True, True, None, None, None)


ROWS: list[tuple[BaseException, type[UpstreamError]]] = [
    (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), Unreachable),
    (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown")), Unreachable),
    (aiohttp.ConnectionTimeoutError("text of secret.example"), Unreachable),
    (aiohttp.ServerDisconnectedError(), Cut),
    (aiohttp.ClientOSError(104, "reset by secret.example"), Cut),
    (aiohttp.ClientPayloadError("short"), Cut),
    (aiohttp.InvalidURL("secret.example"), Unreachable),
    (aiohttp.ClientHttpProxyError(None, (), message="secret.example"), Unreachable),  # type: ignore[arg-type]
    (aiohttp.ClientResponseError(None, (), message="secret.example"), Malformed),  # type: ignore[arg-type]
    (ConnectionResetError(), Cut),
]


@pytest.mark.parametrize(("foreign", "ours"), ROWS, ids=lambda value: repr(value)[:40])
def test_a_row(foreign: BaseException, ours: type[UpstreamError]) -> None:
    error = translate(foreign)
    assert type(error) is ours
    assert error.repeatable is (ours is Unreachable)
    assert error.charged is (ours is not Unreachable)
    assert "secret.example" not in str(error)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL])
def test_d14_own_exhaustion_is_no_fault_of_the_deployments(number: int) -> None:
    # Before a connection stood it is this server that is overloaded, and nothing was charged.
    for early in (
        aiohttp.ClientConnectorError(KEY, OSError(number, "secret.example")),
        aiohttp.ClientConnectorDNSError(KEY, OSError(number, "secret.example")),
    ):
        error = translate(early)
        assert (error.reason, error.charged, error.deployment_fault) == ("OVERLOADED", False, False)
        assert error.retry_after == 1.0
        assert "secret.example" not in str(error)
    late = translate(aiohttp.ClientOSError(number, "secret.example"))
    assert (type(late), late.charged, late.deployment_fault) == (Cut, True, False)
