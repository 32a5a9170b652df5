"""What is told of a model."""

import msgspec

from imagewire_server.formats.openai.common.server_info import ModelEntry, ModelList


def test_a_model_has_what_is_known_of_its_capabilities() -> None:
    entry = ModelEntry(id="a", object="model", created=0, owned_by="toy")
    plain = {"id": "a", "object": "model", "created": 0, "owned_by": "toy"}
    assert msgspec.to_builtins(ModelList(object="list", data=[entry])) == {"object": "list", "data": [plain]}
    names = list(ModelEntry.__struct_fields__)
    assert names[4:] == ["image_sizes", "aspect_ratios", "thinking_levels", "max_input_images", "system_instruction"]
    setattr(entry, names[4], [])
    assert msgspec.to_builtins(entry) == {**plain, "image_sizes": []}
