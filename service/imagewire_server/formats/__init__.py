"""JSON formats of callers, as pure functions of bytes: no socket, no clock, no event loop."""
