"""A request in a provider's own format goes to providers that take it, and to no others."""

import pytest

from imagewire_server.contract.errors import InvalidRequest, Unreachable
from tests.unit.core.relaying_providers import WHOLE, Relaying, relayed
from tests.unit.core.scripted_providers import SENT, Scripted, engine


async def test_a_provider_without_an_api_of_its_own_is_not_asked() -> None:
    provider = Scripted(WHOLE)
    call, found = await relayed(engine(provider, num_retries=0))
    assert isinstance(found, InvalidRequest)
    assert "has another API of its own" in str(found)
    assert not provider.asked
    assert not call.tried


@pytest.mark.parametrize("other", [Relaying(WHOLE), Scripted(WHOLE)])
async def test_a_fallback_answers_if_it_can(other: Scripted) -> None:
    first = Relaying([SENT, Unreachable("x")])
    _, found = await relayed(engine(first, other, fallbacks=(("n0", ("n1",)),), num_retries=0))
    assert found == b"of call 1" if isinstance(other, Relaying) else isinstance(found, Unreachable)
