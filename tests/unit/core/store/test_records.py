"""A picture as it is kept with its answer."""

from imagewire_server.contract import pb
from imagewire_server.core.store.records import Kept, KeptImage, image_of

KEPT = Kept("cmpl-1", "me", "", b"f", 1.0, 2.0)


def test_a_picture_is_kept_as_long_as_its_answer_and_for_its_caller() -> None:
    image = pb.Image(image_id="img-1", sha256=b"h", mime_type="image/png", width=3, height=4)
    found = image_of(KEPT, pb.PartFinished(image=image), 5)
    assert found == KeptImage("img-1", "me", b"h", 5, "image/png", 3, 4, 2.0)


def test_other_media_have_an_id_of_their_place_in_the_answer() -> None:
    media = pb.Media(sha256=b"h", mime_type="audio/wav")
    found = image_of(KEPT, pb.PartFinished(candidate_index=1, part_index=2, media=media), 5)
    assert found == KeptImage("cmpl-1.1.2", "me", b"h", 5, "audio/wav", 0, 0, 2.0)
