"""What the shells complete. The server is asked for its models and what the chosen one takes; else Google's values."""

import typer

_SIZES = ["512", "1K", "2K", "4K"]
_RATIOS = ["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]
_SECONDS = 2.0


def models(context: typer.Context, incomplete: str) -> list[str]:
    """The server's models."""
    return [name for name in _known(context) if name.startswith(incomplete)]


def sizes(context: typer.Context, incomplete: str) -> list[str]:
    """The sizes of the chosen model."""
    return _choices(context, 0, _SIZES, incomplete)


def aspect_ratios(context: typer.Context, incomplete: str) -> list[str]:
    """The aspect ratios of the chosen model."""
    return _choices(context, 1, _RATIOS, incomplete)


def service_tiers(incomplete: str) -> list[str]:
    """Google's service tiers."""
    return [tier for tier in ("flex", "standard", "priority") if tier.startswith(incomplete)]


def _choices(context: typer.Context, at: int, otherwise: list[str], incomplete: str) -> list[str]:
    chosen = _known(context).get(str(context.params.get("model") or ""))
    return [value for value in (chosen[at] if chosen else otherwise) if value.startswith(incomplete)]


def _known(context: typer.Context) -> dict[str, tuple[list[str], list[str]]]:
    """The sizes and aspect ratios of the server's models. Empty if it does not answer soon."""
    import imagewire

    try:
        with imagewire.Client(context.params.get("target"), timeout=_SECONDS) as client:
            return {
                model.name: (list(model.image_sizes.values), list(model.aspect_ratios.values))
                for model in client.list_models()
            }
    except (imagewire.ImagewireError, ValueError, OSError):
        return {}
