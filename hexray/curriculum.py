"""Which board has its turn when: small ones first, all played by one network."""

from collections.abc import Collection, Mapping

from hexray.config import RunConfig


def boards_of(config: RunConfig) -> tuple[int, ...]:
    """Return every board of a run, growing; the last is the one it is about."""
    return *config.curriculum.boards, config.board


def board_in_turn(progress: float, config: RunConfig) -> int:
    """Return the board to which most of the work goes when ``progress`` [0, 1] is over."""
    smaller = zip(config.curriculum.boards, config.curriculum.until, strict=True)
    return next((board for board, until in smaller if progress < until), config.board)


def shares_of_work(progress: float, config: RunConfig) -> dict[int, float]:
    """Return each board's share of the work when ``progress`` [0, 1] of the run is over.

    The boards that had their turn divide ``curriculum.rehearsal`` among themselves, each getting
    twice as much as the one before it; those to come have nothing and are left out.
    """
    now = board_in_turn(progress, config)
    before = [board for board in boards_of(config) if board < now]
    rehearsal = config.curriculum.rehearsal if before else 0.0
    smallest = rehearsal / max(1, 2 ** len(before) - 1)
    return {
        **{board: smallest * 2**place for place, board in enumerate(before)},
        now: 1 - rehearsal,
    }


class Turns:
    """Deals out turns one by one, so that their numbers follow the shares in the long run."""

    def __init__(self) -> None:
        self._owed: dict[int, float] = {}

    def take(self, shares: Mapping[int, float], ready: Collection[int]) -> int | None:
        """Return the board of ``ready`` that is furthest behind its share; None if none is ready.

        Who is not ready makes up for one turn at most.
        """
        able = [board for board in shares if board in ready and shares[board] > 0]
        if not able:
            return None
        owed = {board: self._owed.get(board, 0.0) + share for board, share in shares.items()}
        self._owed = {
            board: turns if board in ready else min(turns, 1.0) for board, turns in owed.items()
        }
        chosen = max(able, key=lambda board: self._owed[board])
        self._owed[chosen] -= 1
        return chosen
