"""Self-play: G games that go on for ever, each finished one replaced at once."""

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings, SelfplaySettings, settings_hash
from hexray.data.games import Ended, GameBlock
from hexray.evaluation import Conversation, Leaves, checked
from hexray.game.board import EMPTY, Boards, new_boards, play, play_kernel
from hexray.game.frame import mover_cells, swap_moves
from hexray.play.decided import Decided
from hexray.play.random_stones import random_stones
from hexray.search import Memory, SearchResult, search

LEAST_WEIGHT = 0.01
"""No opening is left out, however sure the network is of it: it may be wrong."""

_Opening = tuple[NDArray[np.int64], Boards]


class SelfPlay:
    """One group of games in lockstep: every ``step`` searches and plays one move in each."""

    def __init__(
        self,
        size: int,
        settings: SelfplaySettings,
        search_settings: SearchSettings,
        name: str,
        seed: int,
        stream: tuple[int, ...],
    ) -> None:
        """Begin ``settings.games`` games on boards of side ``size``.

        ``name`` begins the id of each game. Randomness comes from ``seed`` and the spawn key
        ``stream``: no two groups may share both, or they would play the same games.
        """
        self._settings = settings
        self._search = search_settings
        self._hash = settings_hash(search_settings)
        self._name = name
        self._seed = seed
        self._rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=stream))
        games, area = settings.games, size * size
        self._size, self.games = size, settings.games
        self._memory = None
        if search_settings.kind == "mcts":
            self._memory = Memory(games, area, search_settings)
        self._decided = Decided(settings, search_settings)
        self._begun = 0
        self._boards = new_boards(games, size)
        self._serial = np.zeros(games, np.int64)
        self._adjudicates = np.zeros(games, np.bool_)
        self._opening = np.zeros(games, np.int16)
        self._length = np.zeros(games, np.int16)
        self._moves = np.zeros((games, area), np.int16)
        self._root_value = np.zeros((games, area), np.float32)
        self._policy = np.zeros((games, area, area), np.float16)
        self._version = np.zeros((games, area), np.int32)
        for game in range(games):
            self._begin(game)

    def step(self) -> Conversation[GameBlock | None]:
        """Play one move in every game; return the games that ended, or None."""
        boards, ply = self._boards, self._length - self._opening
        warm = ply < self._search.temperature_plies
        to_move = boards.to_move.copy()
        simulations = self._decided.simulations(self._root_value, ply, to_move)
        result = yield from search(boards, self._search, self._rng, warm, simulations, self._memory)
        self._decided.searched(simulations)
        self._record(result, to_move, ply)
        proven_winner = result.proven * to_move
        joined = boards.winner != EMPTY
        over = joined | (self._adjudicates & (proven_winner != EMPTY))
        if self._memory is not None:
            self._memory.follow(result.moves, ~over)
        if not over.any():
            return None
        winner = np.where(joined, boards.winner, proven_winner)
        block = self._collect(np.flatnonzero(over), winner, ~joined)
        self._decided.end(np.flatnonzero(over), winner)
        chosen = yield from self._choose_openings(int(over.sum()))
        for game, opening in zip(np.flatnonzero(over), chosen, strict=True):
            self._begin(int(game), opening)
        return block

    def take_counts(self) -> dict[str, int]:
        """Return what happened to decided games since the last call (``Decided.take_counts``)."""
        return self._decided.take_counts()

    def _record(self, result: SearchResult, to_move: NDArray, ply: NDArray) -> None:
        games = np.arange(len(ply))
        moves = swap_moves(result.moves, to_move, self._size)
        play(self._boards, games, moves)
        self._moves[games, self._length] = moves
        self._root_value[games, ply] = result.value
        self._policy[games, ply] = result.policy
        self._version[games, ply] = result.version
        self._length += 1

    def _collect(self, games: NDArray, winner: NDArray, adjudicated: NDArray) -> GameBlock:
        searched = self._length - self._opening
        ply = np.arange(self._moves.shape[1])
        played = ply < self._length[games, None]
        made = ply < searched[games, None]
        unknown = ("",) * len(games)
        return GameBlock(
            size=self._size,
            game_id=tuple(f"{self._name}-{serial}" for serial in self._serial[games]),
            length=self._length[games],
            opening=self._opening[games],
            winner=winner[games].astype(np.int8),
            ended=np.where(adjudicated[games], Ended.ADJUDICATED, Ended.JOINED).astype(np.int8),
            swapped=np.zeros(len(games), np.bool_),
            seed=np.full(len(games), self._seed, np.int64),
            moves=self._moves[games][played],
            root_value=self._root_value[games][made],
            policy=self._policy[games][made],
            version=self._version[games][made],
            first=unknown,
            second=unknown,
            source=("self-play",) * len(games),
            settings=(self._hash,) * len(games),
        )

    def _draw(self) -> _Opening:
        """Draw the random stones of a game, and play them."""
        moves = random_stones(self._size, self._settings, self._rng)
        return moves, _undecided(self._size, moves)

    def _choose_openings(self, games: int) -> Conversation[list[_Opening | None]]:
        """Draw openings for so many games by their values; None where there is no choice."""
        choices, evenness = self._settings.opening_choices, self._settings.opening_evenness
        if choices == 1:
            return [None] * games
        drawn = [self._draw() for _ in range(games * choices)]
        boards = [board for _, board in drawn]
        cells = np.concatenate([mover_cells(board.cells, board.to_move) for board in boards])
        leaves = Leaves(cells, self._size)
        _, value, _ = checked((yield leaves), leaves)
        weight = (1 - np.square(value.astype(np.float64))) ** evenness + LEAST_WEIGHT
        # The largest of log(weight) + Gumbel noise is a draw in proportion to the weights.
        score = np.log(weight) + self._rng.gumbel(size=len(weight))
        best = score.reshape(games, choices).argmax(1) + np.arange(games) * choices
        return [drawn[place] for place in best]

    def _begin(self, game: int, opening: _Opening | None = None) -> None:
        """Put a new game in place ``game``, its random stones played."""
        settings, rng = self._settings, self._rng
        self._serial[game] = self._begun
        self._begun += 1
        self._adjudicates[game] = rng.random() < settings.adjudicate_share
        self._decided.begin(game, rng)
        moves, board = opening or self._draw()
        for column, fresh in zip(self._boards, board, strict=True):
            column[game] = fresh[0]
        stones = int(np.count_nonzero(board.cells))
        self._moves[game, :stones] = moves[:stones]
        self._opening[game] = self._length[game] = stones


def _undecided(size: int, moves: NDArray[np.int64]) -> Boards:
    """Play the longest part of ``moves`` that leaves the game undecided."""
    board = new_boards(1, size)
    played = play_kernel(board, size, np.zeros(len(moves), np.intp), moves)
    if board.winner[0] == EMPTY:
        return board
    return _undecided(size, moves[: played - 1])
