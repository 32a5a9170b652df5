"""LiteLLM's `completion` and `acompletion` on this package's clients, with OpenAI's messages and answers."""
