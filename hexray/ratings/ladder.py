"""The versions of a run, the games between them, and which of them is the best."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hexray.config import PromotionSettings
from hexray.errors import RatingsError
from hexray.ratings.promotion import verdict_of_sprt
from hexray.ratings.results import Pairs
from hexray.ratings.sprt import Hypotheses, sprt_of_pairs


class Batch(NamedTuple):
    """A batch of games of one version against another, openings in both colours.

    pairs   by the points that ``player`` won
    """

    player: int
    opponent: int
    pairs: Pairs


class Ladder(NamedTuple):
    """What a run knows of its versions.

    batches     all games, in the order played
    best        the incumbent; the first version that came needed no test
    candidate   the newer version that is being tested against it
    newest      the newest version that came
    promotions  how often the best gave way
    """

    batches: tuple[Batch, ...] = ()
    best: int | None = None
    candidate: int | None = None
    newest: int | None = None
    promotions: int = 0


def enter(ladder: Ladder, version: int) -> Ladder:
    """Let a version in: the first is the best; a newer one is tested if no other is just now."""
    if ladder.newest is not None and version <= ladder.newest:
        return ladder
    if ladder.best is None:
        return ladder._replace(best=version, newest=version)
    waiting = ladder.candidate is None
    return ladder._replace(newest=version, candidate=version if waiting else ladder.candidate)


def after(ladder: Ladder, batch: Batch, settings: PromotionSettings, openings: int) -> Ladder:
    """Add a batch; end the test under way if that follows from it.

    The candidate takes the place of the best by the sequential test alone. It is given up when
    that says so, and without a result after ``most_games`` or all ``openings``. Raises
    RatingsError for a version against itself.
    """
    if batch.player == batch.opponent:
        raise RatingsError(f"version {batch.player} played itself; let it play another version")
    ladder = ladder._replace(batches=(*ladder.batches, batch))
    candidate, best = ladder.candidate, ladder.best
    if candidate is None or best is None:
        return ladder
    pairs = pairs_of(ladder, candidate, best)
    hypotheses = Hypotheses(settings.elo0, settings.elo1, settings.alpha, settings.beta)
    verdict = verdict_of_sprt(candidate, best, sprt_of_pairs(pairs, hypotheses))
    if verdict == "promote":
        return ladder._replace(best=candidate, candidate=None, promotions=ladder.promotions + 1)
    is_over = 2 * sum(pairs) >= settings.most_games or sum(pairs) >= openings
    return ladder._replace(candidate=None) if verdict == "keep" or is_over else ladder


def pairs_of(ladder: Ladder, player: int, opponent: int) -> Pairs:
    """Add up all pairs of games of two versions, by the points of ``player``."""
    total = np.zeros(3, np.int64)
    for batch in ladder.batches:
        if (batch.player, batch.opponent) == (player, opponent):
            total += batch.pairs
        elif (batch.opponent, batch.player) == (player, opponent):
            total += batch.pairs[::-1]
    return Pairs(*total.tolist())


def surplus(ladder: Ladder, kept: Sequence[int], most: int) -> list[int]:
    """Return which of the versions ``kept`` to give up, so that ``most`` (4 or more) are left.

    The first, the newest, the best and its candidate stay. Of the others go those whose neighbours
    in age are closest, so that those left are spread over the run.
    """
    left, gone = sorted(kept), []
    while len(left) > most:
        may_go = [
            place
            for place in range(1, len(left) - 1)
            if left[place] not in (ladder.best, ladder.candidate, ladder.newest)
        ]
        gone.append(left.pop(min(may_go, key=lambda place: left[place + 1] - left[place - 1])))
    return gone
