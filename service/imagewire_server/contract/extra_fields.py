"""Looks into an extra_body, which is in the provider's own words."""


def says_modalities(extra: object) -> bool:
    """Whether an extra_body chooses what answers consist of."""
    return any(inside(config, "responsemodalities") for config in inside(extra, "generationconfig"))


def inside(value: object, wanted: str) -> list[object]:
    """The values of a field of an object, in snake_case and in camelCase. wanted: its name in lower case."""
    fields = value.items() if isinstance(value, dict) else ()
    return [held for name, held in fields if name.replace("_", "").lower() == wanted]
