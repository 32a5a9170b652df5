"""The Gemini API of Google AI Studio, by API key."""

from imagewire_server.providers.gemini_api.provider import GeminiApi

__all__ = ["GeminiApi"]
