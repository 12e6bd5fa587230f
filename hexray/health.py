"""When an actor that died is built anew, and when its run gives up: pure functions of the time."""

from enum import Enum
from typing import NamedTuple

from hexray.config import SupervisionSettings


class State(Enum):
    """Where an actor stands."""

    UP = "up"
    DOWN = "down"
    BUILDING = "being built"


class Health(NamedTuple):
    """What is known of one actor; times are seconds of one clock.

    since     when ``state`` began
    heard     when it last gave a sign of life
    deaths    when it died, within the window of the crash budget
    failures  deaths since it was last up
    life      how often it was built after its first time
    """

    state: State
    since: float
    heard: float
    deaths: tuple[float, ...] = ()
    failures: int = 0
    life: int = 0


def died(health: Health, now: float, settings: SupervisionSettings) -> Health:
    """Count a death, and forget those that are too old to count."""
    window_s = settings.window_minutes * 60
    deaths = tuple(then for then in health.deaths if now - then < window_s)
    failures = health.failures + 1
    return health._replace(state=State.DOWN, since=now, deaths=(*deaths, now), failures=failures)


def built(health: Health, now: float) -> Health:
    """Say that it works again."""
    return health._replace(state=State.UP, since=now, heard=now, failures=0)


def begun(health: Health, now: float) -> Health:
    """Say that it is being built, for one more life."""
    return health._replace(state=State.BUILDING, since=now, life=health.life + 1)


def wait_s(health: Health, settings: SupervisionSettings) -> float:
    """Return how many seconds after a death it is built: at once at first, then ever later."""
    doublings = min(health.failures - 2, 60)
    doubled = 0.0 if doublings < 0 else settings.wait_seconds * 2.0**doublings
    return min(doubled, settings.wait_most_seconds)


def is_spent(health: Health, settings: SupervisionSettings) -> bool:
    """Say whether it died more often than its crash budget allows."""
    return len(health.deaths) > settings.deaths


def is_silent(health: Health, now: float, settings: SupervisionSettings) -> bool:
    """Say whether it should have given a sign of life and has not."""
    return health.state is State.UP and now - health.heard > settings.silent_seconds
