"""imagewire's server: chat that draws, over gRPC."""

__all__ = ["__version__"]

__version__ = "0.1.0"
