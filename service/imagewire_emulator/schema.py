"""The format of a request: every field of the API that this emulator supports."""

from typing import Any

from imagewire_emulator.proto_json import (
    boolean,
    data,
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


_RESOLUTION = enum(*_prefixed("MEDIA_RESOLUTION", "LOW MEDIUM HIGH"))
_PART_RESOLUTION = message({"level": enum(*_prefixed("MEDIA_RESOLUTION", "LOW MEDIUM HIGH ULTRA_HIGH"))})
_TOOL_TYPE = enum(
    *["GOOGLE_SEARCH_WEB", "GOOGLE_SEARCH_IMAGE", "URL_CONTEXT", "GOOGLE_MAPS", "FILE_SEARCH", "MEDIA_PROCESSING"]
)
_BLOB = message({"mimeType": string, "data": data, "displayName": string})
_FILE = message({"mimeType": string, "fileUri": string, "displayName": string})
_OUTCOME = enum(*_prefixed("OUTCOME", "OK FAILED DEADLINE_EXCEEDED"))
_PART = message(
    {
        "text": string,
        "inlineData": _BLOB,
        "fileData": _FILE,
        "functionCall": message({"id": string, "name": string, "args": struct}),
        "functionResponse": message(
            {
                "id": string,
                "name": string,
                "response": struct,
                "parts": repeated(
                    message({"inlineData": _BLOB, "fileData": _FILE, "mediaResolution": _PART_RESOLUTION})
                ),
            }
        ),
        "executableCode": message({"id": string, "language": enum("PYTHON"), "code": string}),
        "codeExecutionResult": message({"id": string, "outcome": _OUTCOME, "output": string}),
        "toolCall": message({"id": string, "toolType": _TOOL_TYPE, "args": struct}),
        "toolResponse": message({"id": string, "toolType": _TOOL_TYPE, "response": struct}),
        "videoMetadata": message({"startOffset": string, "endOffset": string, "fps": number}),
        "partMetadata": struct,
        "thought": boolean,
        "thoughtSignature": data,
        "mediaResolution": _PART_RESOLUTION,
    }
)
_HARMS = (
    "HARASSMENT HATE_SPEECH SEXUALLY_EXPLICIT DANGEROUS_CONTENT CIVIC_INTEGRITY JAILBREAK"
    " IMAGE_HATE IMAGE_DANGEROUS_CONTENT IMAGE_HARASSMENT IMAGE_SEXUALLY_EXPLICIT"
)
_BLOCKS = _prefixed("BLOCK", "LOW_AND_ABOVE MEDIUM_AND_ABOVE ONLY_HIGH NONE")
_SEARCH = message(
    {
        "searchTypes": message({"webSearch": message({}), "imageSearch": message({})}),
        "excludeDomains": repeated(string),
        "timeRangeFilter": message({"startTime": timestamp, "endTime": timestamp}),
        "blockingConfidence": enum(*_BLOCKS[:3], *_prefixed("BLOCK", "HIGHER_AND_ABOVE VERY_HIGH_AND_ABOVE")),
    }
)
_FUNCTION = message({"name": string, "description": string, "parameters": struct, "parametersJsonSchema": struct})
_TOOL = message(
    {
        "googleSearch": _SEARCH,
        "urlContext": message({}),
        "codeExecution": message({}),
        "functionDeclarations": repeated(_FUNCTION),
    }
)
_GENERATION_CONFIG = message(
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
        "responseMimeType": string,
        "responseModalities": repeated(enum("TEXT", "IMAGE", "AUDIO")),
        "mediaResolution": _RESOLUTION,
        "imageConfig": message(
            {
                "aspectRatio": string,
                "imageSize": string,
                "personGeneration": enum("DONT_ALLOW", "ALLOW_ADULT", "ALLOW_ALL"),
                "prominentPeople": enum("ALLOW_PROMINENT_PEOPLE", "BLOCK_PROMINENT_PEOPLE"),
                "imageOutputOptions": message({"mimeType": string, "compressionQuality": integer}),
            }
        ),
        "thinkingConfig": message(
            {
                "includeThoughts": boolean,
                "thinkingBudget": integer,
                "thinkingLevel": enum("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"),
            }
        ),
    }
)
_REQUEST = message(
    {
        "model": string,
        "contents": repeated(message({"role": enum("user", "model"), "parts": repeated(_PART)})),
        "systemInstruction": message({"role": string, "parts": repeated(_PART)}),
        "tools": repeated(_TOOL),
        "toolConfig": message(
            {
                "functionCallingConfig": message(
                    {"mode": enum("AUTO", "ANY", "NONE"), "allowedFunctionNames": repeated(string)}
                ),
                "includeServerSideToolInvocations": boolean,
            }
        ),
        "safetySettings": repeated(
            message(
                {
                    "category": enum(*_prefixed("HARM_CATEGORY", _HARMS)),
                    "threshold": enum(*_BLOCKS, "OFF"),
                    "method": enum("SEVERITY", "PROBABILITY"),
                }
            )
        ),
        "labels": string_map,
        "cachedContent": string,
        "serviceTier": enum("flex", "standard", "priority"),
        "outputConfig": message({"outputUriPrefix": string}),
        "continuationToken": data,
        "generationConfig": _GENERATION_CONFIG,
    }
)


def read_request(value: Any) -> dict[str, Any]:
    """Return the request in camelCase, with base64 decoded. Raises ApiError."""
    request: dict[str, Any] = _REQUEST(value, "")
    return request
