"""Configuration: files and environment in, frozen dataclasses out, every error with its place and remedy."""
