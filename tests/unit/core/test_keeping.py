"""What one drawing has of its store."""

from pathlib import Path

from imagewire_server.core import picture_links
from imagewire_server.core.keeping import Keeping
from tests.unit.core.store.local.stores import SMALL, events, kept, opened


async def test_its_pictures_have_ids_and_what_is_written_is_read_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        recorder = store.record(kept())
        keeping = Keeping(store, kept(), recorder, lambda: True, lambda _: None)
        assert keeping.image_id(1, 2) == picture_links.image_id(store.secret, "cmpl-1", 1, 2)
        for batch in events(SMALL):
            recorder.add(batch)
        recorder.end(None, free=False)
        await store.flush()
        [last] = [event async for batch in keeping.read(3, 0) for event in batch]
        assert last == events(SMALL)[-1][0]
