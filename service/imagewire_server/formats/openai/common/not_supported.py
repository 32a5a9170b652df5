"""OpenAI's fields that nothing here can honour, by object, and what to do about each."""

_LEAVE = "is not supported; leave it out"
_MODERATION = "is not supported: Google's filters are safety_settings; set those, or leave it out"
_CACHE = "is not supported: Google's implicit cache has no options; leave it out"
_ONE = "is not supported: an answer is one still picture; leave it out"
_EARLIER = "is not supported; send the earlier items in input"

CHAT = {
    "audio": "is not supported: no model here speaks; leave it out",
    "moderation": _MODERATION,
    "prediction": _LEAVE,
    "prompt_cache_options": _CACHE,
}
FORMAT = {"json_schema": "is not supported: answers are text; say in a message which JSON is wanted, and leave it out"}
PICTURE = {
    "complexity": _LEAVE,
    "frame_count": _ONE,
    "frame_duration_ms": _ONE,
    "svg": "is not supported: pictures are made of pixels; leave it out",
}
IMAGES = PICTURE | {
    "markup": "is not supported; send such a picture as one more image, and say in the prompt what it shows",
    "style": "is not supported; say it in the prompt, and leave it out",
}
RESPONSES = {
    "access_programs": _LEAVE,
    "background_options": _LEAVE,
    "context_management": "is not supported; shorten input, and leave it out",
    "conversation": _EARLIER,
    "image": "is not supported; set the picture's options in the tool image_generation, or as fields of their own",
    "max_tool_calls": "is not supported: the model decides how many calls it makes; leave it out",
    "moderation": _MODERATION,
    "prompt": "is not supported: no prompts are stored; send its text in input or instructions",
    "prompt_cache_options": _CACHE,
}
IMAGE_TOOL = PICTURE | {
    "input_image_mask": "is not supported; send the mask as a picture in input, and say in the text what it is",
}
FUNCTION_TOOL = dict.fromkeys(("allowed_callers", "async", "defer_loading", "output_schema"), _LEAVE)
WEB_SEARCH_TOOL = {"external_web_access": _LEAVE}
TEXT_FORMAT = dict.fromkeys(
    ("description", "name", "schema", "strict"),
    "is not supported: answers are text; say in input which JSON is wanted, and leave it out",
)
REASONING = {
    "context": _LEAVE,
    "generate_summary": "is OpenAI's older name of summary; send summary",
    "mode": _LEAVE,
}
