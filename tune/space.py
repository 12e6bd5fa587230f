"""What a sweep varies: a YAML file of settings by their paths, each with a range or a choice.

    settings:                       # the same in every trial, over the preset
      judge: {every_seconds: 5}
    space:
      learner.learning_rate: {low: 5.0e-4, high: 8.0e-3, log: true}
      search.simulations: {low: 8, high: 32, integer: true}
      net.channels: {values: [16, 32]}

Or, instead of ``space``, ``arms``: each changes what it names against the same settings unchanged.

    arms:
      stem 5x5: {net.stem: 5}
    seeds: [0, 1, 2]
"""

from collections.abc import Iterator, Mapping
from itertools import product
from math import exp, log
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from hexray.config import RunConfig, Settings, explain, with_overrides
from hexray.errors import SettingsError
from hexray.options import read_settings

BASELINE = "baseline"
"""The arm that changes nothing."""
Values = Mapping[str, Any]
"""Settings by their paths: what one trial changes."""


class Range(Settings):
    """Numbers from ``low`` to ``high``, both included."""

    low: float
    high: float
    log: bool = False
    """Drawn evenly by their logarithm."""
    integer: bool = False

    @model_validator(mode="after")
    def _has_numbers(self) -> "Range":
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"low {self.low:g} has no logarithm")
        if self.integer and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError("low and high are no integers")
        return self

    def number(self, value: float) -> float | int:
        """Return a number of this range as the setting wants it."""
        return round(value) if self.integer else float(value)

    def nearest(self, value: Any) -> float | int:
        """Return the number of this range that is nearest."""
        return self.number(min(max(value, self.low), self.high))

    def points(self, count: int) -> list[float | int]:
        """Return ``count`` numbers over the whole range, none twice."""
        shares = [index / max(count - 1, 1) for index in range(count)]
        if self.log:
            found = [exp(log(self.low) + (log(self.high) - log(self.low)) * at) for at in shares]
        else:
            found = [self.low + (self.high - self.low) * at for at in shares]
        return sorted({self.number(value) for value in found})


class Choice(Settings):
    """One of some values."""

    values: Annotated[tuple[bool | int | float | str, ...], Field(min_length=1)]

    def nearest(self, value: Any) -> Any:
        """Return ``value`` if it can be chosen, else the first that can."""
        return value if value in self.values else self.values[0]

    def points(self, count: int) -> list[Any]:
        """Return all of them, whatever ``count``."""
        return list(self.values)


Axis = Range | Choice


class Space(Settings):
    """A file as it was read and checked."""

    settings: dict[str, Any] = Field(default_factory=dict)
    space: dict[str, Axis] = Field(default_factory=dict)
    arms: dict[str, dict[str, Any]] = Field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)

    @model_validator(mode="after")
    def _is_one_kind(self) -> "Space":
        if bool(self.space) == bool(self.arms):
            raise ValueError("give either space or arms")
        if BASELINE in self.arms:
            raise ValueError(f"{BASELINE} is the name of the arm that changes nothing")
        return self

    def arm_values(self) -> dict[str, Values]:
        """Return what each arm changes, the baseline first."""
        return {BASELINE: {}, **self.arms}


def read_space(path: Path) -> Space:
    """Read a space; SettingsError names the file and what is wrong with it."""
    try:
        return Space.model_validate(read_settings(path))
    except ValidationError as error:
        raise SettingsError(f"{path}: {explain(error)}") from error


def applied(config: RunConfig, values: Values) -> RunConfig:
    """Return ``config`` with settings changed by their paths; SettingsError for what it refuses."""
    overrides: dict[str, Any] = {}
    for path, value in values.items():
        *sections, name = path.split(".")
        into = overrides
        for section in sections:
            into = into.setdefault(section, {})
        into[name] = value
    return with_overrides(config, overrides)


def value_of(config: RunConfig, path: str) -> Any:
    """Return a setting by its path."""
    found: Any = config
    for name in path.split("."):
        found = getattr(found, name)
    return found


def check_space(space: Space, config: RunConfig) -> None:
    """Try the ends of every range, every choice and every arm, so that no trial is refused later.

    Raises SettingsError naming what a run would refuse.
    """
    for values in _extremes(space):
        applied(config, values)


def start_of(space: Space, config: RunConfig) -> Values:
    """Return what ``config`` has itself, or what the axes have that is nearest to it."""
    return {path: axis.nearest(value_of(config, path)) for path, axis in space.space.items()}


def grid_of(space: Space, points: int) -> list[Values]:
    """Return every combination of the values of all axes, ``points`` of each range."""
    axes = {path: axis.points(points) for path, axis in space.space.items()}
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def _extremes(space: Space) -> Iterator[Values]:
    for path, axis in space.space.items():
        for value in axis.points(2):
            yield {path: value}
    yield from space.arms.values()
