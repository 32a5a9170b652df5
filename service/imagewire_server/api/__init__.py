"""The APIs that callers use. They never import each other."""
