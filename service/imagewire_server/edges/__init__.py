"""Edges: where callers come in. They never know each other."""
