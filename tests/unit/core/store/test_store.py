"""What a store says of what finds no room."""

from imagewire_server.core.store.store import NoRoom


def test_it_names_the_setting() -> None:
    assert str(NoRoom.for_answer()) == "an answer is larger than keep_max_bytes allows"
    assert str(NoRoom.for_all()) == "uploads and drawings that are not finished are larger than keep_max_bytes allows"
