"""Actors of a run that has ended, kept for the next one, which need not load all libraries anew."""

from typing import Any, NamedTuple

from hexray.cluster import LOST, end_actors, fetch
from hexray.errors import ActorSilent
from hexray.placement import Placement, Wanted
from hexray.starting import Actors

REST_SECONDS = 5.0
"""Actors that are not at rest by then are ended."""
MOST_RUNS = 20
"""Of one set of processes: torch lets a server grow by some 5 MB with each."""


class Shape(NamedTuple):
    """What the processes of a run depend on; the actors in them may be others in every run."""

    placement: Placement
    wanted: Wanted


class Spares:
    """Keeps the actors of one run at most, for runs that follow each other in one process."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._kept: tuple[Shape, Actors] | None = None
        self._runs = 0

    def take(self, shape: Shape) -> Actors | None:
        """Return actors that are as good as placed a moment ago, None if there are none.

        Actors of another shape are ended: those to come may need their room.
        """
        if self._kept is None or self._kept[0] != shape:
            self.end()
            self._runs = 1
            return None
        (_, actors), self._kept = self._kept, None
        self._runs += 1
        return actors

    def keep(self, shape: Shape, actors: Actors) -> None:
        """Keep the actors of a run that has ended; all are ended where one is still at work.

        So they are after ``MOST_RUNS`` runs.
        """
        if self._runs < MOST_RUNS and _are_vacated(actors):
            self._kept = shape, actors
        else:
            _end(actors)

    def end(self) -> None:
        """End what is kept."""
        if self._kept is not None:
            _end(self._kept[1])
        self._kept = None


def _are_vacated(actors: Actors) -> bool:
    asked: list[Any] = [actor.vacate.remote() for actor in actors.named().values()]
    try:
        return all(fetch(asked, REST_SECONDS))
    except (*LOST, ActorSilent):
        return False


def _end(actors: Actors) -> None:
    end_actors(actors.named().values())
