"""The core: the one path from a request to its events, for every API and every provider."""
