"""What a request in a provider's own format costs."""

from imagewire_server.contract.errors import Cut
from tests.unit.core.relaying_providers import WHOLE, Relaying, relayed
from tests.unit.core.scripted_providers import COST, SENT, engine


async def test_a_count_costs_nothing_however_it_ends() -> None:
    for steps in (WHOLE, [SENT, Cut("x")]):
        call, _ = await relayed(engine(Relaying(list(steps)), num_retries=0), draws=False)
        assert (call.charged, call.cost_nano_usd) == ("no", None)
    drawn, _ = await relayed(engine(Relaying(WHOLE), num_retries=0))
    assert drawn.cost_nano_usd == COST
