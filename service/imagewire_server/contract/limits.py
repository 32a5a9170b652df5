"""The limits of a request's content, for both APIs. Each value costs time and memory of all callers."""

# JSON values, and fields of protobuf messages, nested ones included.
MOST_VALUES = 100_000
# Bytes of text as JSON, without data: URLs of pictures: two million tokens, the maximum of any model.
MOST_TEXT = 8 * 1024 * 1024

# A request up to this size is processed at once, and one up to LIGHT_BYTES if it has at most FEW_VALUES values. Larger
# requests take so long that they are processed outside the event loop.
SMALL_BYTES = 16 * 1024
LIGHT_BYTES = 1024 * 1024
FEW_VALUES = 2_000

# Lists and objects inside each other.
MOST_LEVELS = 100
# That an error names.
MOST_VIOLATIONS = 64

TOO_MANY = f"holds more than {MOST_VALUES} values; send fewer"
TOO_MUCH_TEXT = f"holds more than {MOST_TEXT} bytes of text; send less"
