"""The contract's room: the door to the stubs, the tree of errors, the protocol of a provider, the table of constraints.

Every other room may import this one; it imports no room, and reaches no grpc, httpx, asyncio, os or time.
"""
