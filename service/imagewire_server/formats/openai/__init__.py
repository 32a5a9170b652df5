"""OpenAI's JSON: requests become specs, events become answers and chunks; errors. Sans-IO.

Requests are msgspec Structs that refuse unknown fields, so that nothing is ignored. The same Structs define the schema
in /openapi.json. Answers are written as pieces of bytes while the events arrive.
"""
