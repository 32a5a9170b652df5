"""A provider that shares nothing with Google's: its own JSON, its own pictures, a price per picture.

One line registers it, as any other: its package's name among those of the registry.
"""
