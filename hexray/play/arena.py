"""Matches between two players: every opening in both colours, every game recorded."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from hexray.errors import EngineFault, EngineResigned
from hexray.game.board import EMPTY, RED, Boards, new_boards, play
from hexray.game.notation import move_name
from hexray.play.players import Player

Ended = Literal["joined", "resigned", "fault"]


class MatchGame(NamedTuple):
    """A finished game: ``red`` and ``winner`` are 0 or 1, the place of a player in the match.

    opening  number of the opening; the two games of a pair share it
    moves    absolute frame, opening included
    ended    a side was joined, or the loser resigned or broke the rules
    note     what the loser did, empty for a joined side
    """

    opening: int
    red: int
    moves: tuple[int, ...]
    winner: int
    ended: Ended
    note: str


class _Game:
    """A game under way."""

    def __init__(self, size: int, opening: int, moves: Sequence[int], red: int) -> None:
        self.opening, self.red = opening, red
        self.board = new_boards(1, size)
        self.moves = list(moves)
        play(self.board, np.zeros(len(moves), np.intp), np.array(moves))

    @property
    def mover(self) -> int:
        """Return the place of the player to move."""
        return self.red if self.board.to_move[0] == RED else 1 - self.red

    def over(self, winner: int, ended: Ended, note: str = "") -> MatchGame:
        return MatchGame(self.opening, self.red, tuple(self.moves), winner, ended, note)


def play_match(
    players: tuple[Player, Player], size: int, openings: Sequence[Sequence[int]]
) -> Iterator[MatchGame]:
    """Play every opening twice, each player once with Red; yield the games as they end.

    As many games go on at once as both players like. Who resigns, fails (EngineFault) or plays a
    move that is not legal has lost the games that it was asked about; the match goes on. An opening
    must leave the game undecided.
    """
    room = min(player.at_once for player in players)
    waiting = deque((number, red) for number in range(len(openings)) for red in (0, 1))
    going: list[_Game] = []
    while waiting or going:
        while waiting and len(going) < room:
            number, red = waiting.popleft()
            going.append(_Game(size, number, openings[number], red))
        for place in (0, 1):
            asked = [game for game in going if game.mover == place]
            ended = _move(players[place], place, asked) if asked else []
            for game, result in ended:
                going.remove(game)
                yield result


def _move(player: Player, place: int, games: list[_Game]) -> list[tuple[_Game, MatchGame]]:
    """Let ``player`` move in all ``games``; return those that are over."""
    columns = zip(*(game.board for game in games), strict=True)
    boards = Boards(*(np.concatenate(column) for column in columns))
    try:
        moves = player.choose(boards, [game.moves for game in games])
    except EngineResigned as error:
        return [(game, game.over(1 - place, "resigned", str(error))) for game in games]
    except EngineFault as error:
        return [(game, game.over(1 - place, "fault", str(error))) for game in games]
    over = []
    for game, move in zip(games, (int(move) for move in moves), strict=True):
        cells = game.board.cells[0]
        if not 0 <= move < len(cells) or cells[move] != EMPTY:
            over.append((game, game.over(1 - place, "fault", _illegal(player, game, move))))
            continue
        play(game.board, np.zeros(1, np.intp), np.array([move]))
        game.moves.append(move)
        if game.board.winner[0] != EMPTY:
            over.append((game, game.over(place, "joined")))
    return over


def _illegal(player: Player, game: _Game, move: int) -> str:
    size = game.board.size
    if not 0 <= move < size * size:
        return f"{player.name} plays cell {move}, which is off the {size}x{size} board"
    return f"{player.name} plays {move_name(move, size)}, which is occupied"
