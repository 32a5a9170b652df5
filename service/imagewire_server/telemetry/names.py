"""The names of attributes and metrics.

Here, because OpenTelemetry's packages of them change more often than the names in use.
"""

RPC_SYSTEM = "rpc.system.name"
RPC_METHOD = "rpc.method"
RPC_STATUS = "rpc.response.status_code"
HTTP_METHOD = "http.request.method"
HTTP_ROUTE = "http.route"
HTTP_STATUS = "http.response.status_code"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
THOUGHT_TOKENS = "gen_ai.usage.reasoning.output_tokens"

# Of metrics alone. gRPC's are those of its proposal A66.
GRPC_METHOD = "grpc.method"
GRPC_STATUS = "grpc.status"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105  # no password
CALL_STARTED = "grpc.server.call.started"
CALL_DURATION = "grpc.server.call.duration"
SENT_SIZE = "grpc.server.call.sent_total_compressed_message_size"
REQUEST_DURATION = "http.server.request.duration"
OPERATION_DURATION = "gen_ai.client.operation.duration"
TOKEN_USAGE = "gen_ai.client.token.usage"  # noqa: S105

# Our own, for what the conventions do not name. The modality is in lower case: imagewire.usage.output_tokens.image.
INPUT_TOKENS_OF = "imagewire.usage.input_tokens."
OUTPUT_TOKENS_OF = "imagewire.usage.output_tokens."
COST = "imagewire.cost_usd"
CHARGED = "imagewire.charged"
IMAGE_BYTES = "imagewire.image_bytes"
FIRST_IMAGE_BYTE = "imagewire.first_image_byte"
ATTEMPTS = "imagewire.attempts"
DEPLOYMENT = "imagewire.deployment"
REQUEST_ID = "imagewire.request_id"
CACHED_ANSWERS = "imagewire.cached_answers"
MODALITY = "imagewire.modality"
BAGGAGE_OF = "baggage."
