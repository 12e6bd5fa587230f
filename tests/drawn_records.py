"""Random games as files know them, and what each format can say of them."""

import random

from hypothesis import strategies as st
from oracle import random_game, replay

from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.formats.record import GameRecord


@st.composite
def records(draw: st.DrawFn) -> GameRecord:
    """Draw games of all sizes: whole, resigned, forfeited and broken off, swapped or not."""
    size = draw(st.integers(2, 19))
    moves = random_game(size, random.Random(draw(st.integers(0, 2**32))))
    winner, ending = replay(size, moves)[2], "joined"
    if cut := draw(st.integers(0, len(moves))):
        moves = moves[: len(moves) - cut]
        winner = draw(st.sampled_from([RED, BLUE, EMPTY]))
        ending = draw(st.sampled_from(["resigned", "forfeited"])) if winner else "unfinished"
    names = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)
    is_swapped = bool(moves) and draw(st.booleans())
    return GameRecord(size, tuple(moves), winner, ending, is_swapped, draw(names), draw(names))


def known_to(name: str, record: GameRecord) -> GameRecord:
    """Leave out what a format has no words for."""
    if name == "trmph" and record.ending == "forfeited":
        record = record._replace(ending="resigned")
    return record if name in ("sgf", "match") else record._replace(first="", second="")
