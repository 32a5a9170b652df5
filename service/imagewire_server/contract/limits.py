"""How much a request may hold, whichever way it comes in. Each of its values costs all callers' time and memory."""

# Values of JSON, and fields of protobuf, those inside other fields included.
MOST_VALUES = 100_000
# Bytes of text as JSON has it, pictures' data: URLs aside: two million tokens, the most that any model reads.
MOST_TEXT = 8 * 1024 * 1024

# A request with no more bytes than that is dealt with at once, and one of LIGHT_BYTES where it has FEW_VALUES at most.
# What is larger takes long enough that it is dealt with beside the event loop.
SMALL_BYTES = 16 * 1024
LIGHT_BYTES = 1024 * 1024
FEW_VALUES = 2_000

TOO_MANY = f"holds more than {MOST_VALUES} values; send fewer"
TOO_MUCH_TEXT = f"holds more than {MOST_TEXT} bytes of text; send less"
