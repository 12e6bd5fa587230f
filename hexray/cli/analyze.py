"""``hexray analyze``: what a network thinks of a position, of a game, or of many at once."""

import dataclasses
import json
import math
import os
import sys
from pathlib import Path
from typing import Annotated

import rich.console
import tyro
from rich.progress import track
from rich.table import Table

from hexray.analysis.batch import serve
from hexray.analysis.judged import MARKS, Ask, judge
from hexray.analysis.opinion import Opinion, as_json, opinion_of
from hexray.analysis.protocol import MAX_VISITS
from hexray.analysis.texts import game_of, read_game
from hexray.cli.networks import own_output, player_net
from hexray.cli.output_file import check_output
from hexray.errors import FileFormatError, IllegalMove, SettingsError
from hexray.files import atomic_write
from hexray.game.board import BLUE, EMPTY, MAX_SIZE, MIN_SIZE, RED, Boards
from hexray.game.notation import move_name
from hexray.game.picture import board_svg
from hexray.game.shown import Mark, Shown
from hexray.game.terminal import board_text, has_circles, wants_colour
from hexray.htp.game import Game
from hexray.htp.shown_game import shown_game
from hexray.net.kept import SHIPPED
from hexray.play.think import Limit, Thinker, never, warm_up

_COLOURS = {RED: "Red", BLUE: "Blue"}
_MOST_BYTES = 1_000_000
_LINE = 8
_BAR = 10
_LEAST_TOLD = 0.005


@dataclasses.dataclass(frozen=True)
class Given:
    """The game to analyze, in one of its notations, and what of it."""

    moves: str = ""
    """The game as a list of moves, such as "c3 swap-pieces d4"."""
    board: Annotated[int | None, tyro.conf.arg(metavar="2..19")] = None
    """Side of the board; by default that of the game, or of the network."""
    trmph: Annotated[str | None, tyro.conf.arg(metavar="LINE")] = None
    """The game as a line of trmph, "#11,a4g7e9"."""
    hexworld: Annotated[str | None, tyro.conf.arg(metavar="LINK")] = None
    """The game as a HexWorld link."""
    sgf: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """The game as an SGF file; - reads any notation from standard input."""
    turn: Annotated[int | None, tyro.conf.arg(metavar="0..")] = None
    """Look at the position after so many moves; by default after all."""


def analyze(
    net: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="[NET]")]] = SHIPPED,
    /,
    given: Annotated[Given, tyro.conf.arg(name="")] = Given(),
    *,
    game: bool = False,
    simulations: Annotated[int, tyro.conf.arg(metavar="1..100000")] = 400,
    seconds: Annotated[float | None, tyro.conf.arg(metavar="SECONDS")] = None,
    top: Annotated[int, tyro.conf.arg(metavar="1..361")] = 5,
    svg: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None,
    json_output: Annotated[bool, tyro.conf.arg(name="json")] = False,
    batch: bool = False,
) -> int:
    """Say who is ahead in a position and which moves are best, or judge every move of a game.

    With --batch it answers queries on standard input, one JSON object a line: docs/analysis.md.

    Args:
        net: Run folder, RUN@best, checkpoint or kept network; by default the one that comes with
            hexray; ``random`` analyses without a network.
        given: The game.
        game: Judge every move, and mark mistakes by the chance of winning that they cost.
        simulations: Simulations a position; with --batch for queries without maxVisits.
        seconds: At most so many seconds a position.
        top: Moves to show.
        svg: File for a picture of the position with its candidates.
        json_output: Print JSON, one line; with --game one line a move.
        batch: Answer queries until the input ends.
    """
    _check(simulations, seconds, top, given.board)
    _refuse_unheard(game, batch, seconds, svg)
    if net.lower().endswith((".sgf", ".hsgf")):
        raise SettingsError(f"{net} is named like a game, not a network; give it as --sgf {net}")
    if batch:
        return _answer_queries(net, given, simulations)
    evaluate, size = player_net(net, given.board)
    played = _game(given, size)
    warm_up(None, played.size)
    thinker = Thinker(evaluate, None, most=simulations)
    limit = Limit(simulations, seconds or math.inf)

    def ask(position: Boards) -> Opinion:
        found = thinker.analyse(position, limit, lambda _: None, never)
        return opinion_of(found, position, thinker.line, top=top, length=_LINE)

    return _judge(played, ask, json_output) if game else _look(played, ask, svg, json_output)


def _check(simulations: int, seconds: float | None, top: int, board: int | None) -> None:
    if not 1 <= simulations <= MAX_VISITS:
        raise SettingsError(f"--simulations {simulations}: use 1 to {MAX_VISITS}")
    if seconds is not None and not 0 < seconds <= 1e6:
        raise SettingsError(f"--seconds {seconds}: use more than 0, at most 1000000")
    if not 1 <= top <= MAX_SIZE**2:
        raise SettingsError(f"--top {top}: use 1 to {MAX_SIZE**2}")
    if board is not None and not MIN_SIZE <= board <= MAX_SIZE:
        raise SettingsError(f"--board {board}: use {MIN_SIZE} to {MAX_SIZE}")


def _refuse_unheard(game: bool, batch: bool, seconds: float | None, svg: Path | None) -> None:
    """Refuse what would have no effect beside --game or --batch."""
    if game and batch:
        raise SettingsError("--game and --batch are two things; give one of them")
    if batch and seconds is not None:
        raise SettingsError("--batch is bounded by maxVisits alone; leave --seconds out")
    if svg is not None and (game or batch):
        raise SettingsError("--svg draws one position; leave --game and --batch out")
    if svg is not None:
        check_output("--svg", svg)


def _answer_queries(net: str, given: Given, simulations: int) -> int:
    if given != Given(board=given.board):
        raise SettingsError("--batch reads its games from standard input; give none beside it")
    with own_output() as write:
        evaluate, _ = player_net(net, given.board)
        serve(evaluate, simulations, sys.stdin.buffer, write)
    return 0


def _game(given: Given, size: int) -> Game:
    """Read the game, and take back what comes after the turn to look at."""
    text = _text(given)
    is_list = "#" not in text and not text.lstrip().startswith("(")
    try:
        game = game_of(read_game(text, size if is_list else given.board))
    except (FileFormatError, IllegalMove) as error:
        if given.sgf is None:
            raise
        source = "standard input" if str(given.sgf) == "-" else given.sgf
        raise FileFormatError(f"{source}: {error}") from error
    turn, played = given.turn, len(game.plies)
    if turn is not None and not 0 <= turn <= played:
        raise SettingsError(f"--turn {turn}: the game has {played} moves")
    for _ in range(0 if turn is None else played - turn):
        game.undo()
    return game


def _text(given: Given) -> str:
    texts = [given.moves, given.trmph, given.hexworld, given.sgf]
    if sum(bool(text) for text in texts) > 1:
        raise SettingsError("several games; give one of --moves, --trmph, --hexworld, --sgf")
    sgf = given.sgf
    if sgf is None:
        return given.moves or given.trmph or given.hexworld or ""
    if str(sgf) == "-":
        content = sys.stdin.buffer.read(_MOST_BYTES + 1)
    else:
        with sgf.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise FileFormatError(f"{sgf}: longer than {_MOST_BYTES} bytes; give one game")
    return content.decode("utf-8", errors="replace")


def _look(game: Game, ask: Ask, svg: Path | None, json_output: bool) -> int:
    """Show the position at the end of ``game``."""
    turn = game.turn
    opinion = ask(game.seen_by(turn)) if game.winner == EMPTY else None
    shown = _shown(game, turn, opinion)
    if svg is not None:
        atomic_write(svg, board_svg(shown).encode())
    if json_output:
        over = {"size": game.size, "winner": _COLOURS[game.winner or RED].lower()}
        print(json.dumps(over if opinion is None else as_json(opinion)))
        return 0
    has_colour = wants_colour(sys.stdout.isatty(), os.environ)
    shown = shown._replace(heat=None, legend="")  # the table below says as much
    print(board_text(shown, colour=has_colour, circles=has_circles(sys.stdout.encoding)))
    if opinion is None:
        print(f"\nThe game is over: {_COLOURS[game.winner]} has won.")
        return 0
    print(f"\n{_verdict(game, opinion)}\n")
    table = Table("move", "visits", "wins", "prior", "goes on")
    for found in opinion.candidates:
        line = " ".join(move_name(cell, game.size) for cell in found.line)
        name = move_name(found.cell, game.size)
        table.add_row(name, f"{found.visits}", f"{found.winrate:.1%}", f"{found.prior:.1%}", line)
    rich.console.Console().print(table)
    return 0


def _verdict(game: Game, opinion: Opinion) -> str:
    mover = _COLOURS[opinion.to_move]
    how = f"after {len(game.plies)} moves, {opinion.simulations} simulations"
    if opinion.proven:
        said = f"{mover} is to move and {'wins' if opinion.proven > 0 else 'loses'} for certain"
    else:
        said = f"{mover} is to move and wins with {opinion.winrate:.1%}"
    if game.may_swap(opinion.to_move):
        said += "; with the swap rule he would " + (
            "swap" if opinion.winrate < 1 / 2 else "not swap"
        )
    return f"{said} ({how})."


def _shown(game: Game, turn: int, opinion: Opinion | None) -> Shown:
    title = f"{game.size}x{game.size} after {len(game.plies)} moves"
    shown = shown_game(game, title=title)._replace(to_move=turn)
    if opinion is None:
        return shown
    marks = {
        found.cell: Mark(f"{found.winrate:.0%}", order)
        for order, found in enumerate(opinion.candidates, start=1)
    }
    legend = "with % the chance of winning, without the network's own share of moves, in percent"
    return shown._replace(marks=marks, heat=opinion.policy.tolist(), legend=legend)


def _judge(game: Game, ask: Ask, json_output: bool) -> int:
    """Show what every move of ``game`` cost."""
    positions = len(game.plies) + 1
    judged = list(
        track(judge(game, ask), "positions", positions, console=_progress(), disable=json_output)
    )
    if json_output:
        for one in judged:
            told = one._asdict() | {"colour": _COLOURS[one.colour].lower()}
            del told["opinion"]
            print(json.dumps(told))
        return 0
    table = Table("", "plays", "Red wins", "best", "costs", "")
    for one in judged:
        number = f"{one.ply + 1}" if one.name else "end"
        who = f"{_COLOURS[one.colour]} {one.name}" if one.name else ""
        costs = f"{one.loss:.0%}" if one.loss >= _LEAST_TOLD else ""
        best = "same" if one.name and one.best == one.name else one.best
        table.add_row(number, who, _bar(one.red_winrate), best, costs, one.mark)
    rich.console.Console().print(table)
    for colour in (RED, BLUE):
        marks = [one.mark for one in judged if one.colour == colour and one.mark]
        counted = ", ".join(f"{marks.count(mark)} x {mark}" for _, mark in MARKS if mark in marks)
        print(f"{_COLOURS[colour]}: {counted or 'no mistakes'}")
    return 0


def _progress() -> rich.console.Console:
    return rich.console.Console(stderr=True)


def _bar(chance: float) -> str:
    """Write a chance as a bar of ten places and in percent."""
    full = round(_BAR * chance)
    return f"{'#' * full}{'.' * (_BAR - full)} {chance:4.0%}"
