"""The contract: access to the stubs, the tree of errors, the protocol of a provider, the table of constraints.

Every other package may import this one. It imports none of them, nor grpc, httpx, asyncio, os or time.
"""
