"""Files are hashed while they pass, each by itself."""

import hashlib

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk
from imagewire_server.core.image_hash import ImageHashes


def test_open_files_are_told_apart_and_others_have_no_hash() -> None:
    hashes = ImageHashes()
    hashes.add(Chunk("image_chunk", 0, 1, 0, b"one"))
    hashes.add(Chunk("media_chunk", 1, 1, 0, b"two"))
    hashes.add(Chunk("image_chunk", 0, 1, 3, b" more"))
    picture = pb.PartFinished(part_index=1, image=pb.Image(size_bytes=8))
    media = pb.PartFinished(candidate_index=1, part_index=1, media=pb.Media(size_bytes=3))
    text = pb.PartFinished(part_index=2)
    for part in (picture, media, text):
        hashes.finish(part)
    assert picture.image.sha256 == hashlib.sha256(b"one more").digest()
    assert media.media.sha256 == hashlib.sha256(b"two").digest()
    assert text == pb.PartFinished(part_index=2)


def test_pictures_of_a_kept_answer_get_ids_and_others_do_not() -> None:
    hashes = ImageHashes(lambda candidate, part: f"img-{candidate}-{part}")
    hashes.add(Chunk("image_chunk", 2, 1, 0, b"one"))
    hashes.add(Chunk("media_chunk", 0, 1, 0, b"two"))
    picture = pb.PartFinished(candidate_index=2, part_index=1, image=pb.Image())
    media = pb.PartFinished(part_index=1, media=pb.Media())
    elsewhere = pb.PartFinished(part_index=3, image=pb.Image(uri="gs://b/a"))
    for part in (picture, media, elsewhere):
        hashes.finish(part)
    assert [part.image.image_id for part in (picture, media, elsewhere)] == ["img-2-1", "", ""]
