"""Results of games, counted: Hex has no draws."""

from collections.abc import Iterable
from typing import NamedTuple

from hexray.errors import RatingsError


class Pairs(NamedTuple):
    """Pairs of games of one opening with colours exchanged, by the points they brought.

    lost   0 points, both games lost
    split  1 point
    won    2 points
    """

    lost: int
    split: int
    won: int


class Record(NamedTuple):
    """What one player did against another in one stage of a gauntlet."""

    stage: str
    player: str
    opponent: str
    games: int
    wins: int
    losses: int


def check_counts(**counts: int) -> None:
    """Raise RatingsError when a count is negative, naming it."""
    for name, count in counts.items():
        if count < 0:
            raise RatingsError(f"{name} is {count}; count games from 0")


def count_pairs(games: Iterable[tuple[int, bool]]) -> Pairs:
    """Count pairs of games, given as the number of the opening and whether the player won.

    Raises RatingsError for an opening that was not played exactly twice.
    """
    played: dict[int, list[bool]] = {}
    for opening, won in games:
        played.setdefault(opening, []).append(won)
    for opening, results in played.items():
        if len(results) != 2:
            raise RatingsError(f"opening {opening} was played {len(results)} times, not twice")
    points = [sum(results) for results in played.values()]
    return Pairs(*(points.count(point) for point in (0, 1, 2)))


def totals(records: Iterable[Record]) -> dict[str, Record]:
    """Add up one player's games over the stages: a record for each opponent, in order of meeting.

    The stage of a total names all stages it holds, joined by ``+``. Raises RatingsError when the
    records are of several players, when one does not add up, is of a player against itself, or
    comes twice for the same stage and opponent.
    """
    found: dict[str, list[Record]] = {}
    players: set[str] = set()
    for record in records:
        _check(record)
        players.add(record.player)
        earlier = found.setdefault(record.opponent, [])
        if record.stage in (other.stage for other in earlier):
            raise RatingsError(
                f"stage {record.stage} against {record.opponent} comes twice; "
                "its games would be counted twice"
            )
        earlier.append(record)
    if len(players) > 1:
        raise RatingsError(f"records of {', '.join(sorted(players))}; add those of one player")
    return {opponent: _sum(parts) for opponent, parts in found.items()}


def _check(record: Record) -> None:
    place = f"{record.stage}, {record.player} against {record.opponent}"
    check_counts(**{f"{place}: wins": record.wins, f"{place}: losses": record.losses})
    if record.player == record.opponent:
        raise RatingsError(f"{place}: a player does not play itself")
    if record.wins + record.losses != record.games:
        raise RatingsError(
            f"{place}: {record.wins} wins and {record.losses} losses are not "
            f"{record.games} games; Hex has no draws"
        )


def _sum(parts: list[Record]) -> Record:
    return Record(
        stage="+".join(part.stage for part in parts),
        player=parts[0].player,
        opponent=parts[0].opponent,
        games=sum(part.games for part in parts),
        wins=sum(part.wins for part in parts),
        losses=sum(part.losses for part in parts),
    )
