"""How strong the versions of a run are, and which of them play next."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hexray.ratings.ladder import Ladder, pairs_of
from hexray.ratings.pairing import next_opponent
from hexray.ratings.table import Rating, rate


def may_enter(ladder: Ladder) -> bool:
    """Say whether the next batch is for the newest version, and not for a test under way.

    They take turns.
    """
    return ladder.candidate is None or len(ladder.batches) % 2 == 0


def next_match(ladder: Ladder, kept: Sequence[int], openings: int) -> tuple[int, int] | None:
    """Return who plays and against whom, of the versions ``kept``; None when nobody can.

    A test under way and the newest version take turns; the newest meets whom ``next_opponent``
    names. No two versions meet more often than there are ``openings``, so that no game of theirs
    comes twice.
    """
    newest, candidate, best = ladder.newest, ladder.candidate, ladder.best
    if candidate is not None and best is not None and not may_enter(ladder):
        return candidate, best
    if newest not in kept or newest is None:
        return None
    left = [
        version
        for version in kept
        if version != newest and sum(pairs_of(ladder, newest, version)) < openings
    ]
    if not left:
        return None
    players, wins = _table(ladder, [*left, newest])
    among = [str(version) for version in left]
    return newest, int(next_opponent(str(newest), among, players, wins))


def ratings_of(ladder: Ladder) -> list[Rating]:
    """Rate every version that has played, oldest first; the oldest has 0 Elo.

    Without any games there are no ratings.
    """
    if not ladder.batches:
        return []
    players, wins = _table(ladder, [])
    return rate(players, wins, anchor=players[0])


def listed(ladder: Ladder) -> list[dict[str, Any]]:
    """List the ratings for a report: version, elo, low, high, games, is_best; oldest first."""
    return [
        {
            "version": int(player),
            **dict(zip(("elo", "low", "high"), elo, strict=True)),
            "games": games,
            "is_best": int(player) == ladder.best,
        }
        for player, elo, games in ratings_of(ladder)
    ]


def metrics_of(ladder: Ladder) -> dict[str, float]:
    """Return the rating of the newest version that has played, and the best, as metrics."""
    metrics: dict[str, float] = {"best/promotions": ladder.promotions}
    if ladder.best is not None:
        metrics["best/version"] = ladder.best
    ratings = ratings_of(ladder)
    if ratings:
        newest = ratings[-1]
        elo, low, high = newest.elo
        metrics |= {"rating/version": int(newest.player), "rating/games": newest.games}
        metrics |= {"rating/elo": elo, "rating/low": low, "rating/high": high}
    return metrics


def _table(ladder: Ladder, more: Sequence[int]) -> tuple[list[str], NDArray[np.int64]]:
    """Return names and int64[P, P] wins of all who played and of ``more``, oldest first."""
    played = {version for batch in ladder.batches for version in batch[:2]}
    versions = sorted(played | set(more))
    wins = np.zeros((len(versions), len(versions)), np.int64)
    for player, opponent, pairs in ladder.batches:
        row, column = versions.index(player), versions.index(opponent)
        wins[row, column] += pairs.split + 2 * pairs.won
        wins[column, row] += pairs.split + 2 * pairs.lost
    return [str(version) for version in versions], wins
