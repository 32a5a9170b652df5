"""Dialects: wire formats as pure functions of bytes. No socket, no clock, no event loop in here."""
