"""The APIs for callers. They never import each other."""
