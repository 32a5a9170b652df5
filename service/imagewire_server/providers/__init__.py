"""Providers: each is a folder that owns its wire format, its credentials and its capabilities."""
