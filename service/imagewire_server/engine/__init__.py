"""The engine: the one path from a request to its events, whoever asks and whoever draws."""
