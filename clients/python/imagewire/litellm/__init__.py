"""LiteLLM's `completion` on this package's clients: OpenAI's messages in, OpenAI's shapes out."""
