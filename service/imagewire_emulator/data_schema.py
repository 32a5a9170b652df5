"""The format of Google's Schema, by which functions and answers in JSON are described."""

from imagewire_emulator.proto_json import (
    Reader,
    any_value,
    boolean,
    enum,
    long_integer,
    map_of,
    message,
    number,
    repeated,
    string,
)

_TYPES = ("STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", "TYPE_UNSPECIFIED")
_FIELDS: dict[str, Reader] = {
    "type": enum("Type", *_TYPES, numbered=True),
    **dict.fromkeys(["format", "title", "description", "pattern", "ref"], string),
    **dict.fromkeys(["enum", "required", "propertyOrdering"], repeated(string)),
    **dict.fromkeys(["minItems", "maxItems", "minLength", "maxLength"], long_integer),
    **dict.fromkeys(["minProperties", "maxProperties"], long_integer),
    **dict.fromkeys(["minimum", "maximum"], number),
    **dict.fromkeys(["example", "default", "additionalProperties"], any_value),
    "nullable": boolean,
}
schema = message("Schema", _FIELDS)
# A schema holds schemas.
_FIELDS.update(items=schema, anyOf=repeated(schema), properties=map_of(schema), defs=map_of(schema))
