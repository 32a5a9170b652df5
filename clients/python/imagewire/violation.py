"""What is wrong with one field of a request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One wrong field of a request.

    Attributes:
        field: The field's path in the request, or the argument's name.
        description: What is wrong, and what to do.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         client.draw("A banana", aspect_ratio="square")
        ...     except imagewire.InvalidRequest as error:
        ...         print(error.violations[0].field)
        spec.image_config.aspect_ratio
    """

    field: str
    description: str
