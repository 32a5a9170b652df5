"""A chat request as a spec."""

from imagewire_server.contract import pb
from imagewire_server.dialects.openai import layout, options
from imagewire_server.dialects.openai.calls import function_call, function_result
from imagewire_server.dialects.openai.chat_request import MOST_PARTS, ChatRequest, ImagePart, ImageUrl, Message, Tool
from imagewire_server.dialects.openai.options import Abilities, set_once
from imagewire_server.dialects.openai.reading import Reading

_ROLES = {
    "system": pb.Role.ROLE_SYSTEM,
    "developer": pb.Role.ROLE_SYSTEM,
    "user": pb.Role.ROLE_USER,
    "assistant": pb.Role.ROLE_ASSISTANT,
    "tool": pb.Role.ROLE_TOOL,
}
_MODALITIES = {"text": pb.Modality.MODALITY_TEXT, "image": pb.Modality.MODALITY_IMAGE}


def spec_of(given: ChatRequest, abilities: Abilities) -> Reading:
    """The spec of a request, with where its fields came from. Raises InvalidRequest in the caller's names."""
    reading = Reading(given.model)
    _messages(reading, given.messages)
    reading.spec.response_modalities.extend(_MODALITIES[modality] for modality in given.modalities or ())
    reading.came_from("response_modalities", "modalities")
    for field, config in (("image_config", given.image_config), ("imageConfig", given.image_config_)):
        if config is not None:
            options.image_config(reading, config, field)
    options.aspect_ratio(reading, given.aspect_ratio)
    options.size(reading, given.size, abilities)
    _generation(reading, given)
    _thinking(reading, given)
    _tools(reading, given)
    for field, settings in (("safety_settings", given.safety_settings), ("safetySettings", given.safety_settings_)):
        for setting in settings or ():
            reading.spec.safety_settings.add(category=setting.category, threshold=setting.threshold)
            reading.came_from("safety_settings", field)
    reading.spec.cached_content = given.cached_content or ""
    options.labels(reading, given.user, given.metadata)
    if given.extra_body is not None:
        reading.spec.extra_body.CopyFrom(reading.struct(given.extra_body, "extra_body"))
    reading.done()
    return reading


def _generation(reading: Reading, given: ChatRequest) -> None:
    target, path = reading.spec.generation_config, "generation_config"
    for name, value, field in (
        ("temperature", given.temperature, "temperature"),
        ("top_p", given.top_p, "top_p"),
        ("top_k", given.top_k, "top_k"),
        ("candidate_count", given.n, "n"),
        ("max_output_tokens", given.max_completion_tokens, "max_completion_tokens"),
        ("max_output_tokens", given.max_tokens, "max_tokens"),
        ("seed", given.seed, "seed"),
        ("presence_penalty", given.presence_penalty, "presence_penalty"),
        ("frequency_penalty", given.frequency_penalty, "frequency_penalty"),
        ("media_resolution", given.media_resolution, "media_resolution"),
    ):
        set_once(reading, target, name, value, field, path)
    if given.stop is not None:
        target.stop_sequences.extend([given.stop] if isinstance(given.stop, str) else given.stop)
        reading.came_from(f"{path}.stop_sequences", "stop")


def _thinking(reading: Reading, given: ChatRequest) -> None:
    options.effort(reading, given.reasoning_effort, "reasoning_effort")
    if given.reasoning is not None:
        options.effort(reading, given.reasoning.effort, "reasoning.effort")
        options.budget(reading, given.reasoning.max_tokens, "reasoning.max_tokens")
        excluded = given.reasoning.exclude
        options.thoughts(reading, None if excluded is None else not excluded, "reasoning.exclude")
    if given.thinking is not None:
        disabled = given.thinking.type == "disabled"
        options.budget(reading, 0 if disabled else given.thinking.budget_tokens, "thinking")
    options.thoughts(reading, given.include_reasoning, "include_reasoning")


def _tools(reading: Reading, given: ChatRequest) -> None:
    functions = pb.FunctionDeclarations()
    searches = given.web_search_options is not None
    if given.web_search_options:
        reading.refuse("web_search_options", "Google's search takes no options; send an empty object")
    for i, tool in enumerate(given.tools or ()):
        field = f"tools[{i}]"
        if tool.function is not None:
            made = functions.declarations.add(name=tool.function.name, description=tool.function.description or "")
            if tool.function.parameters is not None:
                made.parameters.CopyFrom(reading.struct(tool.function.parameters, f"{field}.function.parameters"))
            at = len(functions.declarations) - 1
            reading.came_from(f"tools[0].functions.declarations[{at}]", f"{field}.function")
        elif _searches(reading, tool, field):
            searches = True
        else:
            reading.refuse(field, "is empty; set function or google_search")
    if functions.declarations:
        reading.spec.tools.add(functions=functions)
    if searches:
        reading.spec.tools.add(google_search=pb.GoogleSearch())
    choice = given.tool_choice
    if choice is not None:
        modes = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
        config = reading.spec.tool_config
        config.mode = modes[choice] if isinstance(choice, str) else "ANY"
        if not isinstance(choice, str):
            config.allowed_function_names.append(choice.function.name)
        reading.came_from("tool_config", "tool_choice")


def _searches(reading: Reading, tool: Tool, field: str) -> bool:
    given = tool.google_search if tool.google_search is not None else tool.google_search_
    if given:
        reading.refuse(f"{field}.google_search", "takes no options; send an empty object")
    return given is not None or tool.type in {"google_search", "web_search"}


def _messages(reading: Reading, messages: list[Message]) -> None:
    total = 0
    for i, message in enumerate(messages):
        total += _size(message)
        if total > MOST_PARTS:
            reading.refuse(f"messages[{i}]", f"brings the chat over {MOST_PARTS} parts; leave earlier messages out")
            return
    calls = {call.id: call.function.name for message in messages for call in message.tool_calls or ()}
    for i, message in enumerate(messages):
        field, path = f"messages[{i}]", f"messages[{len(reading.spec.messages)}]"
        made = reading.spec.messages.add(role=_ROLES[message.role])
        reading.came_from(path, field)
        for name, allowed in (
            ("tool_calls", "assistant"),
            ("reasoning_content", "assistant"),
            ("refusal", "assistant"),
            ("provider_specific_fields", "assistant"),
            ("tool_call_id", "tool"),
            ("name", "tool"),
        ):
            if getattr(message, name) is not None and message.role != allowed:
                reading.refuse(f"{field}.{name}", f"has a place in a message of role {allowed} only; leave it out")
        if message.role == "tool":
            made.parts.append(_tool_result(reading, message, field, calls))
        elif message.role == "assistant":
            _assistant(reading, message, made, field, path)
            if not made.parts:
                del reading.spec.messages[-1]  # what a blocked prompt was answered with
        elif isinstance(message.content, str) and not message.image and not message.images:
            made.content = message.content
            reading.came_from(f"{path}.content", f"{field}.content")
        else:
            _content(reading, message, made, field, path)


def _size(message: Message) -> int:
    """How much of a message is gone through piece by piece."""
    extras = message.provider_specific_fields
    lists = (message.content, message.images, message.tool_calls, extras and extras.parts)
    return sum(len(given) for given in lists if isinstance(given, list))


def _content(reading: Reading, message: Message, made: pb.ChatMessage, field: str, path: str) -> None:
    """Parts in their order, then the pictures of the message's own fields."""
    if isinstance(message.content, str) and message.content:
        made.parts.add(text=message.content)
    for j, part in enumerate(() if isinstance(message.content, str) else message.content or ()):
        at = f"{path}.parts[{len(made.parts)}]"
        if isinstance(part, ImagePart):
            url = ImageUrl(url=part.image_url) if isinstance(part.image_url, str) else part.image_url
            where = f"{field}.content[{j}].image_url" + ("" if isinstance(part.image_url, str) else ".url")
            made.parts.add(image=reading.image(url.url, where, url.detail, url.format))
            _shown(reading, at, where)
        else:
            made.parts.add(text=part.text)
            reading.came_from(at, f"{field}.content[{j}].text")
    for shown, where in _pictures(reading, message, field):
        _shown(reading, f"{path}.parts[{len(made.parts)}]", where)
        made.parts.append(shown)


def _shown(reading: Reading, path: str, where: str) -> None:
    """Remember where a picture came from; what is wrong with its type is wrong with its format."""
    reading.came_from(path, where)
    reading.came_from(f"{path}.image.mime_type", f"{where.removesuffix('.url')}.format")


def _pictures(reading: Reading, message: Message, field: str) -> list[tuple[pb.Part, str]]:
    """The pictures of `images` and `image`; the one that stands in both is one."""
    found = []
    for k, entry in enumerate(message.images or ()):
        where = f"{field}.images[{k}].image_url.url"
        url = entry.image_url
        found.append(
            (pb.Part(image=reading.image(url.url, where, url.detail, url.format), thought=bool(entry.thought)), where)
        )
    one, where = message.image, f"{field}.image"
    if one is None and message.provider_specific_fields is not None:
        one, where = message.provider_specific_fields.image, f"{field}.provider_specific_fields.image"
    if one is not None and all(one.url != entry.image_url.url for entry in message.images or ()):
        found.append((pb.Part(image=reading.image(one.url, f"{where}.url", one.detail, one.format)), f"{where}.url"))
    return found


def _assistant(reading: Reading, message: Message, made: pb.ChatMessage, field: str, path: str) -> None:
    texts = pb.ChatMessage()
    plain = Message(role="assistant", content=message.content)
    _content(reading, plain, texts, field, path)
    if any(part.HasField("image") for part in texts.parts):
        reading.refuse(f"{field}.content", "an assistant's pictures stand in image or images, as they came")
    text = "".join(part.text for part in texts.parts) + (message.refusal or "")
    pictures = _pictures(reading, message, field)
    calls = [
        function_call(
            reading, call.id, call.function.name, call.function.arguments, f"{field}.tool_calls[{k}].function.arguments"
        )
        for k, call in enumerate(message.tool_calls or ())
    ]
    pieces = layout.Pieces(text, message.reasoning_content or "", [part for part, _ in pictures], calls)
    extras = message.provider_specific_fields
    try:
        made.parts.extend(pieces.parts(extras.parts if extras and extras.parts is not None else pieces.default()))
        if extras and extras.thought_signatures is not None:
            layout.sign(made.parts, extras.thought_signatures)
    except ValueError as error:
        reading.refuse(f"{field}.provider_specific_fields", str(error))
    images = iter([where for _, where in pictures])
    for j, part in enumerate(made.parts):
        if part.HasField("image"):
            _shown(reading, f"{path}.parts[{j}]", next(images, field))
        else:
            reading.came_from(f"{path}.parts[{j}]", f"{field}.content")


def _tool_result(reading: Reading, message: Message, field: str, calls: dict[str, str]) -> pb.Part:
    call_id = message.tool_call_id or ""
    name = message.name or calls.get(call_id, "")
    if not name:
        reading.refuse(
            f"{field}.tool_call_id", "answers no call of this chat; send the assistant's tool_calls before it"
        )
    if message.image or message.images or any(isinstance(part, ImagePart) for part in message.content or ()):
        reading.refuse(f"{field}.content", "a tool's result is text; show pictures in a user message")
    content = message.content or ""
    text = content if isinstance(content, str) else "".join(p.text for p in content if not isinstance(p, ImagePart))
    return function_result(reading, call_id, name, text, f"{field}.content")
