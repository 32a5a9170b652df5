"""Reads files and the environment into frozen dataclasses. Every error names its place and a remedy."""
