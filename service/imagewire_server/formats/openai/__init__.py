"""OpenAI's JSON: requests to specs, events to answers and chunks, errors. Sans-IO.

Requests are msgspec Structs that take no unknown field, so that nothing is ignored; the same Structs make the schema
that /openapi.json shows. Answers are written as pieces of bytes while the events come.
"""
