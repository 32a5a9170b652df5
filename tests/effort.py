"""How much the tests try: little by default, all of it in a thorough run (`make fuzz`)."""

from hypothesis import settings

# How long an example takes says nothing on a busy machine.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None)
settings.load_profile("quick")


def thorough() -> bool:
    """Whether this is a thorough run, which pytest's --hypothesis-profile=thorough is."""
    return settings.get_current_profile_name() == "thorough"


def times(number: int, part: int = 8) -> int:
    """That many in a thorough run, and an eighth of it in others.

    part: another one than the eighth.
    """
    return number if thorough() else number // part
