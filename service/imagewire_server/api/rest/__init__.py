"""OpenAI's JSON over HTTP, on the same core as gRPC."""
