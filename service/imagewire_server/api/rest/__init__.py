"""OpenAI's JSON over HTTP, on the same engine as gRPC."""
