"""Vertex AI: by a Google Cloud project and its credentials, or in express mode by an API key."""

from imagewire_server.providers.vertex.provider import Place, Vertex, base_url

__all__ = ["Place", "Vertex", "base_url"]
