"""The format of a request: every field of the API that this emulator supports."""

from typing import Any

from imagewire_emulator.data_schema import schema
from imagewire_emulator.proto_json import (
    FIELD_NAMES,
    boolean,
    data,
    duration,
    enum,
    integer,
    message,
    number,
    repeated,
    string,
    string_map,
    struct,
    timestamp,
)


def _prefixed(prefix: str, names: str) -> list[str]:
    return [f"{prefix}_{name}" for name in names.split()]


_RESOLUTION = enum(
    "GenerationConfig.MediaResolution", *_prefixed("MEDIA_RESOLUTION", "LOW MEDIUM HIGH UNSPECIFIED"), numbered=True
)
_PART_RESOLUTION = message(
    "MediaResolution",
    {"level": enum("MediaResolution.Level", *_prefixed("MEDIA_RESOLUTION", "LOW MEDIUM HIGH ULTRA_HIGH UNSPECIFIED"))},
)
_TOOL_TYPE = enum(
    "ToolType",
    *["GOOGLE_SEARCH_WEB", "GOOGLE_SEARCH_IMAGE", "URL_CONTEXT", "GOOGLE_MAPS", "FILE_SEARCH", "MEDIA_PROCESSING"],
)
_BLOB = message("Blob", {"mimeType": string, "data": data, "displayName": string})
_FILE = message("FileData", {"mimeType": string, "fileUri": string, "displayName": string})
_OUTCOME = enum("CodeExecutionResult.Outcome", *_prefixed("OUTCOME", "OK FAILED DEADLINE_EXCEEDED"), numbered=True)
_RESPONSE_PART = message(
    "FunctionResponsePart", {"inlineData": _BLOB, "fileData": _FILE, "mediaResolution": _PART_RESOLUTION}
)
_PART = message(
    "Part",
    {
        "text": string,
        "inlineData": _BLOB,
        "fileData": _FILE,
        "functionCall": message("FunctionCall", {"id": string, "name": string, "args": struct}),
        "functionResponse": message(
            "FunctionResponse",
            {
                "id": string,
                "name": string,
                "response": struct,
                "parts": repeated(_RESPONSE_PART),
                "willContinue": boolean,
                "scheduling": enum("FunctionResponse.Scheduling", "SILENT", "WHEN_IDLE", "INTERRUPT", numbered=True),
            },
        ),
        "executableCode": message(
            "ExecutableCode", {"id": string, "language": enum("ExecutableCode.Language", "PYTHON"), "code": string}
        ),
        "codeExecutionResult": message("CodeExecutionResult", {"id": string, "outcome": _OUTCOME, "output": string}),
        "toolCall": message("ToolCall", {"id": string, "toolType": _TOOL_TYPE, "args": struct}),
        "toolResponse": message("ToolResponse", {"id": string, "toolType": _TOOL_TYPE, "response": struct}),
        "videoMetadata": message("VideoMetadata", {"startOffset": duration, "endOffset": duration, "fps": number}),
        "partMetadata": struct,
        "thought": boolean,
        "thoughtSignature": data,
        "mediaResolution": _PART_RESOLUTION,
    },
)
_CONTENT = message("Content", {"role": string, "parts": repeated(_PART)})
_HARMS = (
    "HARASSMENT HATE_SPEECH SEXUALLY_EXPLICIT DANGEROUS_CONTENT CIVIC_INTEGRITY JAILBREAK UNSPECIFIED"
    " IMAGE_HATE IMAGE_DANGEROUS_CONTENT IMAGE_HARASSMENT IMAGE_SEXUALLY_EXPLICIT"
)
_BLOCKS = _prefixed("BLOCK", "LOW_AND_ABOVE MEDIUM_AND_ABOVE ONLY_HIGH NONE")
_SAFETY = message(
    "SafetySetting",
    {
        "category": enum("HarmCategory", *_prefixed("HARM_CATEGORY", _HARMS)),
        "threshold": enum(
            "SafetySetting.HarmBlockThreshold", *_BLOCKS, "OFF", "HARM_BLOCK_THRESHOLD_UNSPECIFIED", numbered=True
        ),
        "method": enum("SafetySetting.HarmBlockMethod", "SEVERITY", "PROBABILITY", numbered=True),
    },
)
_SEARCH = message(
    "GoogleSearch",
    {
        "searchTypes": message(
            "SearchTypes", {"webSearch": message("WebSearch", {}), "imageSearch": message("ImageSearch", {})}
        ),
        "excludeDomains": repeated(string),
        "timeRangeFilter": message("Interval", {"startTime": timestamp, "endTime": timestamp}),
        "blockingConfidence": enum(
            "PhishBlockThreshold", *_BLOCKS[:3], *_prefixed("BLOCK", "HIGHER_AND_ABOVE VERY_HIGH_AND_ABOVE")
        ),
    },
)
_FUNCTION = message(
    "FunctionDeclaration",
    {
        "name": string,
        "description": string,
        "parameters": schema,
        "parametersJsonSchema": struct,
        "response": schema,
        "responseJsonSchema": struct,
        "behavior": enum("FunctionDeclaration.Behavior", "UNSPECIFIED", "BLOCKING", "NON_BLOCKING"),
    },
)
_TOOL = message(
    "Tool",
    {
        "googleSearch": _SEARCH,
        "urlContext": message("UrlContext", {}),
        "codeExecution": message("CodeExecution", {}),
        "functionDeclarations": repeated(_FUNCTION),
        **dict.fromkeys(["googleMaps", "fileSearch", "computerUse", "googleSearchRetrieval"], struct),
        **dict.fromkeys(["retrieval", "enterpriseWebSearch", "parallelAiSearch", "exaAiSearch"], struct),
        "mcpServers": repeated(struct),
    },
)
_TOOL_CONFIG = message(
    "ToolConfig",
    {
        "functionCallingConfig": message(
            "FunctionCallingConfig",
            {
                "mode": enum("FunctionCallingConfig.Mode", "AUTO", "ANY", "NONE", "MODE_UNSPECIFIED", "VALIDATED"),
                "allowedFunctionNames": repeated(string),
            },
        ),
        "retrievalConfig": struct,
        "includeServerSideToolInvocations": boolean,
    },
)


def _image_size(value: Any, path: str) -> str:
    """512 has two more names."""
    text = string(value, path)
    return "512" if text in ("512P", "512PX") else text


_IMAGE_CONFIG = message(
    "ImageConfig",
    {
        "aspectRatio": string,
        "imageSize": _image_size,
        "personGeneration": enum("ImageConfig.PersonGeneration", "DONT_ALLOW", "ALLOW_ADULT", "ALLOW_ALL"),
        "prominentPeople": enum("ImageConfig.ProminentPeople", "ALLOW_PROMINENT_PEOPLE", "BLOCK_PROMINENT_PEOPLE"),
        "imageOutputOptions": message("ImageOutputOptions", {"mimeType": string, "compressionQuality": integer}),
    },
)
_LEVELS = ["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH", "THINKING_LEVEL_UNSPECIFIED"]
_GENERATION_CONFIG = message(
    "GenerationConfig",
    {
        "temperature": number,
        "topP": number,
        "topK": number,
        "candidateCount": integer,
        "maxOutputTokens": integer,
        "stopSequences": repeated(string),
        "seed": integer,
        "presencePenalty": number,
        "frequencyPenalty": number,
        "responseLogprobs": boolean,
        "logprobs": integer,
        "responseMimeType": string,
        "responseSchema": schema,
        "responseJsonSchema": struct,
        "responseModalities": repeated(
            enum("GenerationConfig.Modality", "TEXT", "IMAGE", "AUDIO", "VIDEO", "MODALITY_UNSPECIFIED", numbered=True)
        ),
        "mediaResolution": _RESOLUTION,
        "imageConfig": _IMAGE_CONFIG,
        "thinkingConfig": message(
            "ThinkingConfig",
            {
                "includeThoughts": boolean,
                "thinkingBudget": integer,
                "thinkingLevel": enum("ThinkingConfig.ThinkingLevel", *_LEVELS),
            },
        ),
        "audioTimestamp": boolean,
        "enableEnhancedCivicAnswers": boolean,
        **dict.fromkeys(["speechConfig", "routingConfig", "modelSelectionConfig"], struct),
    },
)
_REQUEST = message(
    "GenerateContentRequest",
    {
        "model": string,
        "contents": repeated(_CONTENT),
        "systemInstruction": _CONTENT,
        "tools": repeated(_TOOL),
        "toolConfig": _TOOL_CONFIG,
        "safetySettings": repeated(_SAFETY),
        "labels": string_map,
        "cachedContent": string,
        "serviceTier": enum("ServiceTier", "flex", "standard", "priority", "unspecified"),
        "store": boolean,
        "modelArmorConfig": struct,
        "outputConfig": message("OutputConfig", {"outputUriPrefix": string}),
        "continuationToken": data,
        "generationConfig": _GENERATION_CONFIG,
    },
)

NAMES = frozenset(FIELD_NAMES)


def read_request(value: Any) -> dict[str, Any]:
    """Return the request in camelCase, with base64 decoded. Raises ApiError."""
    request: dict[str, Any] = _REQUEST(value, "")
    return request
