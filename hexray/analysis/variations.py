"""A game with its variations: read from a text, and every move of it played over."""

from collections.abc import Sequence

from hexray.analysis.texts import bare
from hexray.errors import FileFormatError, IllegalMove
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.formats.game_tree import GameTree, grow, new_tree
from hexray.game.formats.sgf_main_line import Broken, Held
from hexray.game.formats.sgf_tree import read_sgf_tree
from hexray.htp.game import Game, parse_point

_RESIGN = "resign"


def with_variations(text: str, size: int, moves: Sequence[str]) -> GameTree:
    """Return the first game of a text as a tree; ``moves`` are its main line, read already.

    Only SGF has variations. Raises FileFormatError where one cannot be played.
    """
    tree, last = new_tree(), 0
    for name in moves:
        last = grow(tree, last, name)
    text = bare(text)
    if not text.startswith("("):
        return tree
    places = read_sgf_tree(text, size, tree)
    if isinstance(places, Broken):
        raise _misplaced(text, places.at, places.reason)
    if fault := play_over(tree, size):
        number, reason = fault
        raise _misplaced(text, places[number], reason)
    return tree


def play_over(tree: GameTree, size: int) -> tuple[int, str] | None:
    """Play every line; return the first position whose move cannot be played, and why.

    Who has lost already may resign too: such a position is taken out of the tree.
    """
    todo = [(number, Game(size)) for number in reversed(tree.following[0])]
    while todo:
        number, before = todo.pop()
        name, beside = tree.names[number], tree.following[tree.before[number]]
        if before.winner != EMPTY and name == _RESIGN and not tree.following[number]:
            beside.remove(number)
            continue
        if before.winner != EMPTY:
            return number, f"{name} comes after the end of the game"
        # Only the last of several lines may go on with the board itself.
        game = before if number == beside[-1] else _copy(before)
        try:
            game.play(BLUE if len(game.plies) % 2 else RED, parse_point(name, size))
        except IllegalMove as error:
            return number, str(error)
        todo += [(following, game) for following in reversed(tree.following[number])]
    return None


def _copy(game: Game) -> Game:
    copied = Game(game.size)
    copied.plies, copied.board = list(game.plies), game.seen_by(game.turn)
    return copied


def _misplaced(text: str, at: int, reason: str) -> FileFormatError:
    line, column = Held(text).place(at)
    return FileFormatError(f"line {line}, column {column}: {reason}")
