"""Trials in words, for tables and lines on a screen."""

from tune.space import Values


def copied(times: int) -> str:
    """Say how often a trial went on as a copy of a better one, after what else is said of it."""
    if not times:
        return ""
    return ", copied once" if times == 1 else f", copied {times} times"


def in_words(values: Values) -> str:
    """Say what a trial changed, in one line."""
    parts = [
        f"{path} {value:.3g}" if isinstance(value, float) else f"{path} {value}"
        for path, value in values.items()
    ]
    return ", ".join(parts) or "nothing"
