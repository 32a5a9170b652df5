"""A spec as the body of generateContent. Each field moves the body or is refused by its path; none is dropped.

Bytes stay bytes in the result: whoever writes the JSON encodes them as standard base64, once.
"""

from typing import Any

from imagewire_server.contract import lost_signatures, pb
from imagewire_server.contract.capability_rules import CapabilityRules
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.json_values import plain
from imagewire_server.contract.native_rules import camel
from imagewire_server.contract.provider import Capabilities
from imagewire_server.providers.google.wire import extra_body
from imagewire_server.providers.google.wire.encode_parts import PartEncoder
from imagewire_server.providers.google.wire.named_resources import ANYTHING, Allowed, check

Json = dict[str, Any]

_SYSTEM, _ASSISTANT = pb.Role.ROLE_SYSTEM, pb.Role.ROLE_ASSISTANT  # looked up once: an enum's names are slow
_MODALITIES = {pb.Modality.MODALITY_TEXT: "TEXT", pb.Modality.MODALITY_IMAGE: "IMAGE"}
_SEARCHES = {"WEB": "webSearch", "IMAGE": "imageSearch"}
# Our scalar fields of GenerationConfig and Google's names; those with presence are sent when set, strings when filled.
_SCALARS = (
    "temperature",
    "top_p",
    "top_k",
    "candidate_count",
    "max_output_tokens",
    "seed",
    "presence_penalty",
    "frequency_penalty",
)
# The fields of the contract that one of Google's services has and the other lacks.
VERTEX, GEMINI = "Vertex AI", "the Gemini API"
TAKEN_BY = {
    "Spec.labels": VERTEX,
    "Spec.output_config": VERTEX,
    "ImageConfig.person_generation": VERTEX,
    "ImageConfig.prominent_people": VERTEX,
    "ImageConfig.output_options": VERTEX,
    "SafetySetting.method": VERTEX,
    "GoogleSearch.exclude_domains": VERTEX,
    "GoogleSearch.blocking_confidence": VERTEX,
    "GoogleSearch.time_range": GEMINI,
}


def encode(spec: pb.Spec, capabilities: Capabilities, allowed: Allowed = ANYTHING) -> Json:
    """The body for `spec`, which the contract's table has passed. allowed: what it may name.

    Raises InvalidRequest for what the model lacks, and for what may not be named.
    """
    encoder = _Encoder(spec, capabilities)
    check(spec, allowed, encoder.refuse)
    return encoder.body()


class _Encoder:
    def __init__(self, spec: pb.Spec, capabilities: Capabilities) -> None:
        self.spec = spec
        self.capabilities = capabilities
        self.violations: list[Violation] = []
        self.rules = CapabilityRules(capabilities, spec.model, self.violations)

    def body(self) -> Json:
        body = self.contents()
        body.update(self.options())
        if self.spec.tools:
            body["tools"] = [self.tool(tool, f"spec.tools[{i}]") for i, tool in enumerate(self.spec.tools)]
        if self.spec.HasField("tool_config"):
            calling: Json = {"mode": self.spec.tool_config.mode}
            if self.spec.tool_config.allowed_function_names:
                calling["allowedFunctionNames"] = list(self.spec.tool_config.allowed_function_names)
            body["toolConfig"] = {"functionCallingConfig": calling}
        self.combine_tools(body)
        if self.spec.HasField("output_config"):
            self.optional("Spec.output_config", "spec.output_config")
            body["outputConfig"] = {"outputUriPrefix": self.spec.output_config.uri_prefix}
        if self.spec.continuation_token:
            body["continuationToken"] = self.spec.continuation_token
        if self.spec.HasField("extra_body"):
            self.add_extra_body(body)
        if self.violations:
            raise InvalidRequest(self.violations)
        return body

    def options(self) -> Json:
        """What extra_body may say as well."""
        body: Json = {"generationConfig": self.generation_config()}
        if self.spec.safety_settings:
            body["safetySettings"] = [self.safety(i, s) for i, s in enumerate(self.spec.safety_settings)]
        if self.spec.cached_content:
            body["cachedContent"] = self.spec.cached_content
        if self.spec.labels:
            self.optional("Spec.labels", "spec.labels")
            body["labels"] = dict(self.spec.labels)
        if self.spec.service_tier:
            body["serviceTier"] = self.spec.service_tier
        return body

    def refuse(self, field: str, description: str) -> None:
        self.violations.append(Violation(field, description))

    def optional(self, name: str, path: str) -> None:
        """Refuse a field of TAKEN_BY that this service lacks."""
        if not self.capabilities.takes(name):
            service = self.capabilities.service
            self.refuse(path, f"is taken by {TAKEN_BY[name]} only; {service} has no such field: leave it out")

    def contents(self) -> Json:
        parts = PartEncoder(self.rules, self.refuse)
        system: list[Json] = []
        contents: list[Json] = []
        for i, message in enumerate(self.spec.messages):
            encoded = parts.message(message, f"spec.messages[{i}]")
            if self.capabilities.unsigned_signature:
                for at, _ in lost_signatures.of_message(message):
                    encoded[at]["thoughtSignature"] = self.capabilities.unsigned_signature.encode()
            if message.role == _SYSTEM:
                system += encoded
                continue
            role = "model" if message.role == _ASSISTANT else "user"
            if contents and contents[-1]["role"] == role:
                contents[-1]["parts"] += encoded
            else:
                contents.append({"role": role, "parts": encoded})
        self.rules.image_count(parts.images)
        if not system:
            return {"contents": contents}
        if self.capabilities.system_instruction:
            return {"systemInstruction": {"parts": system}, "contents": contents}
        first = next((turn for turn in contents if turn["role"] == "user"), None)
        if first is None:
            return {"contents": [{"role": "user", "parts": system}, *contents]}
        first["parts"] = system + first["parts"]
        return {"contents": contents}

    def generation_config(self) -> Json:
        asked = [_MODALITIES[modality] for modality in self.spec.response_modalities]
        config: Json = {}
        if asked or "responseModalities" not in extra_body.in_config(self.spec.extra_body):
            config["responseModalities"] = asked or (["TEXT"] if self.capabilities.talks else ["TEXT", "IMAGE"])
        given = self.spec.generation_config
        path = "spec.generation_config"
        for name in _SCALARS:
            if given.HasField(name):
                config[camel(name)] = getattr(given, name)
        if given.stop_sequences:
            config["stopSequences"] = list(given.stop_sequences)
        if given.media_resolution:
            config["mediaResolution"] = given.media_resolution
        if given.HasField("thinking_config"):
            config["thinkingConfig"] = self.thinking(given.thinking_config, f"{path}.thinking_config")
        if self.spec.HasField("image_config"):
            config["imageConfig"] = self.image_config()
        return config

    def thinking(self, given: pb.ThinkingConfig, path: str) -> Json:
        self.rules.listed(given, "ThinkingConfig", path)
        config: Json = {}
        if given.HasField("include_thoughts"):
            config["includeThoughts"] = given.include_thoughts
        if given.HasField("thinking_budget"):
            config["thinkingBudget"] = given.thinking_budget
        if given.thinking_level:
            config["thinkingLevel"] = given.thinking_level
        return config

    def image_config(self) -> Json:
        given = self.spec.image_config
        path = "spec.image_config"
        self.rules.listed(given, "ImageConfig", path)
        config: Json = {}
        if given.aspect_ratio:
            config["aspectRatio"] = given.aspect_ratio
        if given.image_size:
            config["imageSize"] = given.image_size
        for name in ("person_generation", "prominent_people"):
            if value := getattr(given, name):
                self.optional(f"ImageConfig.{name}", f"{path}.{name}")
                config[camel(name)] = value
        if given.HasField("output_options"):
            inside = [f".{field.name}" for field, _ in given.output_options.ListFields()]
            for name in inside or [""]:
                self.optional("ImageConfig.output_options", f"{path}.output_options{name}")
            options: Json = {}
            if given.output_options.mime_type:
                options["mimeType"] = given.output_options.mime_type
            if given.output_options.HasField("compression_quality"):
                options["compressionQuality"] = given.output_options.compression_quality
            config["imageOutputOptions"] = options
        return config

    def safety(self, index: int, given: pb.SafetySetting) -> Json:
        setting = {"category": given.category, "threshold": given.threshold}
        if given.method:
            self.optional("SafetySetting.method", f"spec.safety_settings[{index}].method")
            setting["method"] = given.method
        return setting

    def google_search(self, given: pb.GoogleSearch, path: str) -> Json:
        search: Json = {}
        if given.search_types:
            search["searchTypes"] = {_SEARCHES[name]: {} for name in given.search_types}
        if given.exclude_domains:
            self.optional("GoogleSearch.exclude_domains", f"{path}.exclude_domains")
            search["excludeDomains"] = list(given.exclude_domains)
        if given.HasField("time_range"):
            self.optional("GoogleSearch.time_range", f"{path}.time_range")
            span = given.time_range
            search["timeRangeFilter"] = {
                "startTime": span.start_time.ToJsonString(),
                "endTime": span.end_time.ToJsonString(),
            }
        if given.blocking_confidence:
            self.optional("GoogleSearch.blocking_confidence", f"{path}.blocking_confidence")
            search["blockingConfidence"] = given.blocking_confidence
        return search

    def tool(self, tool: pb.Tool, path: str) -> Json:
        if tool.WhichOneof("tool") == "google_search":
            return {"googleSearch": self.google_search(tool.google_search, f"{path}.google_search")}
        declarations = []
        for function in tool.functions.declarations:
            declaration: Json = {"name": function.name}
            if function.description:
                declaration["description"] = function.description
            if function.HasField("parameters"):
                declaration["parametersJsonSchema"] = plain(function.parameters)
            declarations.append(declaration)
        return {"functionDeclarations": declarations}

    def combine_tools(self, body: Json) -> None:
        """Say that Google's tools may be used next to functions: the Gemini API refuses both together otherwise."""
        kinds = {tool.WhichOneof("tool") for tool in self.spec.tools}
        in_extra = any(camel(name) == "toolConfig" for name in self.spec.extra_body.fields)
        if {"google_search", "functions"} <= kinds and self.capabilities.service == GEMINI and not in_extra:
            body.setdefault("toolConfig", {})["includeServerSideToolInvocations"] = True

    def add_extra_body(self, body: Json) -> None:
        extra = plain(self.spec.extra_body)
        shared = _Encoder(extra_body.shared(self.spec, extra, self.refuse), self.capabilities)
        shared.options()
        for wrong in shared.violations:
            path = wrong.field.replace("spec.", "spec.extra_body.", 1)
            self.refuse(extra_body.spelled(path, extra), wrong.description)
        self.merge(body, extra, "spec.extra_body")

    def merge(self, body: Json, extra: Json, path: str) -> None:
        """Put `extra` into the body. A name in snake_case means the same as one in camelCase, as it does to Google."""
        names = {camel(name): name for name in body}
        for key, value in extra.items():
            name = names.setdefault(camel(key), key)
            here = body.get(name)
            if name not in body:
                body[name] = value
            elif isinstance(here, dict) and isinstance(value, dict):
                self.merge(here, value, f"{path}.{key}")
            else:
                self.refuse(f"{path}.{key}", "is already set by another field of the request; set it in one place")
