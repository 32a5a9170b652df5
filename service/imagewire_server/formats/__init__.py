"""Callers' JSON formats as pure functions of bytes: no socket, no clock, no event loop."""
