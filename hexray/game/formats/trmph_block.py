"""Many trmph lines at once: a kernel plays the games of well-formed lines, others go one by one.

The kernel knows what programs write: the address or nothing, ``#``, the size, moves in lower case,
a winner. A line that it does not take as a good game with moves is read again by ``trmph``, which
says why it is none, or takes it after all.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import BLUE, EMPTY, MAX_SIZE, MIN_SIZE, RED, place
from hexray.game.formats.record import AS_WRITTEN, MAX_LINE, GameRecord, Reading, Rejected
from hexray.game.formats.trmph import read_trmph_line
from hexray.game.frame import swap_frame
from hexray.game.kernel import kernel

_AREA = MAX_SIZE * MAX_SIZE
_NEWLINE, _RETURN, _TAB, _BLANK, _HASH, _COMMA, _ZERO, _NINE, _A, _Z = b"\n\r\t #,09az"
_WINNER = b"b1r2"
_BEFORE_HOST, _HOST = b"https://www.", b"trmph.com/hex/board#"
_NOTHING = 2
"""Neither a colour nor EMPTY."""


class Games(NamedTuple):
    """K legal games as arrays, in the order of their lines.

    size     int8[K]
    length   int16[K]        moves
    winner   int8[K]         RED, BLUE or EMPTY
    joined   bool[K]         the last move joined the winner's sides
    swapped  bool[K]         as in ``GameRecord``
    line     int64[K]        number of the line
    moves    int16[sum of length]  absolute frame, game after game, as in ``GameRecord``
    """

    size: NDArray[np.int8]
    length: NDArray[np.int16]
    winner: NDArray[np.int8]
    joined: NDArray[np.bool_]
    swapped: NDArray[np.bool_]
    line: NDArray[np.int64]
    moves: NDArray[np.int16]


class Lines(NamedTuple):
    """What a block of text held: games, games of lines out of the ordinary, and what is none."""

    games: Games
    others: list[tuple[int, GameRecord]]
    rejected: list[Rejected]


def read_trmph_block(text: bytes, first: int, reading: Reading = AS_WRITTEN) -> Lines:
    """Read whole lines, the first numbered ``first``; bytes that are no UTF-8 are no moves."""
    data = np.frombuffer(text, np.uint8)
    lines, most = int(np.count_nonzero(data == _NEWLINE)) + 1, len(data) // 2 + 1
    games = Games(
        np.empty(lines, np.int8),
        np.empty(lines, np.int16),
        np.empty(lines, np.int8),
        np.empty(lines, np.bool_),
        np.empty(lines, np.bool_),
        np.empty(lines, np.int64),
        np.empty(most, np.int16),
    )
    left = np.empty((lines, 3), np.int64)
    cells, links = np.empty(_AREA, np.int8), np.empty(_AREA + 4, np.int16)
    is_mirrored = reading.swap != "sides"
    taken, moves, unread = _read_all(data, first, is_mirrored, games, left, cells, links)
    found = Games._make([*(column[:taken] for column in games[:-1]), games.moves[:moves]])
    others: list[tuple[int, GameRecord]] = []
    rejected: list[Rejected] = []
    for number, begin, end in left[:unread].tolist():
        line = text[begin : min(end, begin + 4 * MAX_LINE + 4)].decode("utf-8", errors="replace")
        read = read_trmph_line(line, number, reading)
        if isinstance(read, Rejected):
            rejected.append(read)
        elif read is not None:
            others.append((number, read))
    return Lines(found, others, rejected)


@kernel
def _read_all(
    data: NDArray,
    first: int,
    is_mirrored: bool,
    games: Games,
    left: NDArray,
    cells: NDArray,
    links: NDArray,
) -> tuple[int, int, int]:
    """Fill ``games``, and ``left[L, 3]`` with number, begin and end of the other lines."""
    taken, moves, unread, begin, number = 0, 0, 0, 0, first
    while begin < len(data):
        end = begin
        while end < len(data) and data[end] != _NEWLINE:
            end += 1
        count = _read_line(data, begin, end, is_mirrored, games, taken, moves, cells, links)
        if count >= 0:
            games.line[taken] = number
            taken, moves = taken + 1, moves + count
        else:
            left[unread, 0], left[unread, 1], left[unread, 2] = number, begin, end
            unread += 1
        begin, number = end + 1, number + 1
    return taken, moves, unread


@kernel
def _read_line(
    data: NDArray,
    at: int,
    end: int,
    is_mirrored: bool,
    games: Games,
    game: int,
    first: int,
    cells: NDArray,
    links: NDArray,
) -> int:
    """Read one line as game number ``game``; return its moves, -1 when it is not taken."""
    if end - at > MAX_LINE:
        return -1
    size, at = _number_at(data, _skip_address(data, at, end), end)
    if not (MIN_SIZE <= size <= MAX_SIZE) or at >= end or data[at] != _COMMA:
        return -1
    at, count = at + 1, 0
    while at < end and _A <= data[at] <= _Z:
        column = data[at] - _A
        row, at = _number_at(data, at + 1, end)
        if column >= size or not (1 <= row <= size) or count > size * size:
            return -1
        games.moves[first + count] = (row - 1) * size + column
        count += 1
    said = _winner_at(data, at, end)
    if said == _NOTHING or count == 0:
        return -1
    games.swapped[game] = count > 1 and games.moves[first] == games.moves[first + 1]
    if games.swapped[game]:
        count, said = count - 1, -said if is_mirrored else said
        for ply in range(count):
            cell = games.moves[first + ply + 1]
            games.moves[first + ply] = swap_frame(cell, BLUE, size) if is_mirrored else cell
    winner = _play(games.moves[first : first + count], size, cells, links)
    if winner == _NOTHING or (winner != EMPTY and said != EMPTY and said != winner):
        return -1
    games.size[game], games.length[game] = size, count
    games.joined[game] = winner != EMPTY
    games.winner[game] = said if winner == EMPTY else winner
    return count


@kernel
def _skip_address(data: NDArray, at: int, end: int) -> int:
    """Return where the size stands; the end when there is no ``#`` or something else before it."""
    while at < end and (data[at] == _BLANK or data[at] == _TAB):
        at += 1
    if at < end and data[at] == _HASH:
        return at + 1
    hash_at = at
    while hash_at < end and data[hash_at] != _HASH:
        hash_at += 1
    if hash_at == end or hash_at - at < len(_HOST) - 1:
        return end
    for index in range(len(_HOST)):
        if data[hash_at + 1 - len(_HOST) + index] != _HOST[index]:
            return end
    return hash_at + 1 if _is_scheme(data, at, hash_at + 1 - len(_HOST)) else end


@kernel
def _is_scheme(data: NDArray, at: int, end: int) -> bool:
    """Say whether nothing, ``www.``, ``http://``, ``https://`` or two of these stand there."""
    www, index = len(_BEFORE_HOST) - 4, 0
    while at < end:
        if index == 0 and data[at] == _BEFORE_HOST[www]:
            index = www
        elif index == 4 and data[at] != _BEFORE_HOST[4]:
            index = 5
        if index == len(_BEFORE_HOST) or data[at] != _BEFORE_HOST[index]:
            return False
        at, index = at + 1, index + 1
    return index in (0, www, len(_BEFORE_HOST))


@kernel
def _number_at(data: NDArray, at: int, end: int) -> tuple[int, int]:
    """Return a number of one or two digits, 0 when there is none, and what follows it."""
    number, begin = 0, at
    while at < end and at < begin + 2 and _ZERO <= data[at] <= _NINE:
        if number == 0 and data[at] == _ZERO:
            break
        number = 10 * number + data[at] - _ZERO
        at += 1
    return number, at


@kernel
def _winner_at(data: NDArray, at: int, end: int) -> int:
    """Return the colour that is named behind the moves, EMPTY for none, _NOTHING for nonsense."""
    begin, said = at, EMPTY
    while at < end and (data[at] == _BLANK or data[at] == _TAB or data[at] == _RETURN):
        at += 1
    if at < end and at > begin and data[at] != _HASH:
        if data[at] == _WINNER[0] or data[at] == _WINNER[1]:
            said = RED
        elif data[at] == _WINNER[2] or data[at] == _WINNER[3]:
            said = BLUE
        at += 1 if said != EMPTY else 0
        while at < end and (data[at] == _BLANK or data[at] == _TAB or data[at] == _RETURN):
            at += 1
    return said if at == end or data[at] == _HASH else _NOTHING


@kernel
def _play(moves: NDArray, size: int, cells: NDArray, links: NDArray) -> int:
    """Return who has joined his sides, EMPTY for nobody; _NOTHING when a move is illegal."""
    for cell in range(size * size):
        cells[cell] = EMPTY
    for node in range(size * size + 4):
        links[node] = node
    winner = EMPTY
    for ply in range(len(moves)):
        if winner != EMPTY or cells[moves[ply]] != EMPTY:
            return _NOTHING
        colour = RED if ply % 2 == 0 else BLUE
        if place(cells, links, size, moves[ply], colour):
            winner = colour
    return winner
