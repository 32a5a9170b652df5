"""A picture goes by URL where that is asked for and the answer is kept."""

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import ImageRef

IMAGE = pb.PartStarted(part_index=1, mime_type="image/png", kind=pb.PartKind.PART_KIND_IMAGE)
KEPT = pb.Started(completion_id="cmpl-1")
KEPT.expire_time.seconds = 5


def by_url() -> Delivery:
    return Delivery(lambda started, key: f"http://a/{started.completion_id}/{key[0]}/{key[1]}")


def test_pictures_of_a_kept_answer_go_by_url() -> None:
    delivery = by_url()
    delivery.start(KEPT)
    assert delivery.begin(IMAGE)
    assert not delivery.begin(pb.PartStarted(kind=pb.PartKind.PART_KIND_MEDIA))
    assert (delivery.by_url, delivery.url((0, 1)), delivery.url((0, 0))) == (True, "http://a/cmpl-1/0/1", "")
    assert delivery.inside(pb.Image(mime_type="image/png"), (0, 1)) == [b"http://a/cmpl-1/0/1"]
    assert delivery.inside(pb.Image(uri="gs://b/c"), (0, 1)) == [b"gs://b/c"]
    assert delivery.another().by_url
    assert not INSIDE.by_url


def test_what_is_lost_is_inside_and_has_no_id() -> None:
    ended = pb.Event(sequence=3, part_finished=pb.PartFinished(part_index=1, image=pb.Image(image_id="img-1")))
    delivery = by_url()
    delivery.start(KEPT)
    assert delivery.begin(IMAGE)
    assert delivery.told(ended) is ended
    delivery.lose()
    assert delivery.inside(pb.Image(mime_type="image/png"), (0, 1)) == [b"data:image/png;base64,", ImageRef((0, 1))]
    told = delivery.told(ended)
    assert (told.sequence, told.part_finished.part_index, told.part_finished.image.image_id) == (3, 1, "")
    assert ended.part_finished.image.image_id
    delivery.start(KEPT)
    assert not delivery.begin(IMAGE)


def test_all_others_are_inside() -> None:
    down = by_url()
    down.start(pb.Started(completion_id="cmpl-1"))
    for delivery in (INSIDE, down, by_url()):
        assert not delivery.begin(IMAGE)
        assert delivery.url((0, 1)) == ""
        assert delivery.inside(pb.Image(mime_type="image/png"), (0, 1)) == [b"data:image/png;base64,", ImageRef((0, 1))]
