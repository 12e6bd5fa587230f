"""A page of HTML about a run: strength, curves, boards, events, settings; it needs nothing else."""

import base64
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any, NamedTuple

from hexray.game.picture import board_svg
from hexray.game.shown import after_moves
from hexray.game.values_picture import values_svg
from hexray.page.charts import charts
from hexray.page.found import Found
from hexray.page.style import STYLE
from hexray.play.first_moves import FirstMoves
from hexray.report import held_out_lines
from hexray.run_owner import state_of

_STATES = {
    "running": "is running",
    "elsewhere": "is held by another machine; only there it can be seen whether it runs",
    "died": "was cut short; the same command goes on from its last checkpoint",
    "ended": "has ended",
}
_MOST_EVENTS, _MOST_RATINGS = 200, 30


class Judged(NamedTuple):
    """What is said of every first move, and by whom; or why nothing is."""

    moves: FirstMoves | None
    words: str


def page_of(found: Found, judged: Judged, now: datetime) -> str:
    """Write the page; what is not there is said in its place."""
    sections = [
        ("Strength", _strength(found)),
        ("Curves", f'<div class="figures">{charts(found.metrics)}</div>'),
        ("First moves", _first_moves(judged)),
        ("Games", _games(found)),
        ("Ratings", _ratings(found)),
        ("What happened", _events(found)),
        ("Machine", _machine(found)),
        ("Settings", _settings(found)),
    ]
    name = escape(found.folder.resolve().name)
    body = "".join(f"<section><h2>{title}</h2>{content}</section>" for title, content in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>hexray: {name}</title><style>{STYLE}</style></head>'
        f'<body><h1>{name}</h1><p class="about">{_about(found, now)}</p>{_unread(found)}'
        f"{_tiles(found, judged)}{body}</body></html>\n"
    )


def _about(found: Found, now: datetime) -> str:
    config, state = found.config, state_of(found.owner)
    board = f"{config.board}x{config.board}"
    smaller = "".join(f"{size}x{size}, then " for size in config.curriculum.boards)
    minutes = float(found.newest.get("minutes", 0.0))
    starts = f", start {found.starts}" if found.starts > 1 else ""
    return (
        f"Hex {smaller}{board}, seed {config.seed}: the run {_STATES[state]}. Trained "
        f"{minutes:.1f} of {config.minutes:g} minutes{starts}. "
        f"Written {now:%Y-%m-%d %H:%M %Z}."
    )


def _unread(found: Found) -> str:
    return "".join(f'<p class="bad">{escape(words)}</p>' for words in found.missing)


def _tiles(found: Found, judged: Judged) -> str:
    known = {**found.newest, **_final(found)}
    tiles = [
        _tile(known, "solved/winner_accuracy", "winner named", "{:.1%}".format),
        _tile(known, "solved/move_accuracy", "move keeps the win", "{:.1%}".format),
        _tile(known, "rating/elo", "rating", "{:+.0f} Elo".format),
        _tile(known, "games", "games", _count),
        _tile(known, "positions", "positions", _count),
        _tile(known, "evaluations", "evaluations", _count),
        _tile(known, "version", "version", _count),
    ]
    counts = judged.moves.counts if judged.moves is not None else {}
    if counts:
        wrong = f"{counts['openings_wrong']} of {counts['openings']}"
        tiles.insert(2, f"<li><b>{wrong}</b><span>first moves wrong</span></li>")
    return f'<ul class="tiles">{"".join(tiles)}</ul>'


def _tile(known: dict[str, Any], key: str, name: str, form: Callable[[float], str]) -> str:
    value = form(known[key]) if key in known else "-"
    return f"<li><b>{value}</b><span>{name}</span></li>"


def _count(number: float) -> str:
    return f"{number:,.0f}" if number < 1e6 else f"{number / 1e6:,.2f} M"


def _final(found: Found) -> dict[str, Any]:
    """Return what was measured when the run ended, named as in the metrics."""
    if state_of(found.owner) != "ended":
        return {}
    names = ("winner_accuracy", "move_accuracy", "positions")
    return {f"solved/{name}": found.strength[name] for name in names if name in found.strength}


def _strength(found: Found) -> str:
    board = f"{found.config.board}x{found.config.board}"
    if _final(found):
        figures, simulations = found.strength, found.strength.get("simulations", "?")
        by_board = {**found.strength.get("smaller_boards", {}), board: figures}
        when = f"measured at the end, {simulations} simulations a move"
    else:
        figures, by_board = found.newest, _measured(found, board)
        when = f"newest while training, {found.config.judge.simulations} simulations a move"
    if not any("winner_accuracy" in part for part in by_board.values()):
        return '<p class="missing">nothing was measured on solved positions</p>'
    rows = [
        (size, *(_cell(part, key, form) for key, form in _MEASURED))
        for size, part in by_board.items()
        if "winner_accuracy" in part
    ]
    heads = ("board", "positions", "winner named", "move keeps the win", "first moves wrong")
    held_out = "\n".join(held_out_lines(figures))
    note = f"<pre>{escape(held_out)}</pre>" if held_out else ""
    return f'<div class="card"><p class="about">{when}</p>{_table(heads, rows)}{note}</div>'


_MEASURED = (
    ("positions", "{:,.0f}"),
    ("winner_accuracy", "{:.3f}"),
    ("move_accuracy", "{:.3f}"),
    ("openings_wrong", "{:.0f}"),
)


def _cell(part: dict[str, Any], key: str, form: str) -> str:
    return form.format(part[key]) if key in part else "-"


def _measured(found: Found, board: str) -> dict[str, dict[str, Any]]:
    """Return the newest measurements by board, from the metrics."""
    by_board: dict[str, dict[str, Any]] = {}
    sizes = [*(f"{size}x{size}" for size in found.config.curriculum.boards), board]
    for size in sizes:
        start = "solved/" if size == board else f"solved/{size}/"
        by_board[size] = {
            key: found.newest[start + key] for key, _ in _MEASURED if start + key in found.newest
        }
    return by_board


def _first_moves(judged: Judged) -> str:
    if judged.moves is None:
        return f'<p class="missing">{escape(judged.words)}</p>'
    moves = judged.moves
    title = f"first moves {moves.size}x{moves.size}, {judged.words}"
    picture = values_svg(moves.size, moves.value.tolist(), moves.truth, title=title)
    words = escape(f"{judged.words}: {moves.verdict}")
    return f"<figure><figcaption>{words}</figcaption>{_image(picture, title)}</figure>"


def _games(found: Found) -> str:
    drawn = []
    if found.sample:
        title = "against itself at full strength, at the end of the last finished start"
        drawn.append((title, found.sample))
    for game in found.games:
        title = f"self-play {game.name}"
        shown = after_moves(game.size, game.moves, title=title, opening=game.opening)
        drawn.append((title, board_svg(shown)))
    if not drawn:
        return '<p class="missing">no game is stored yet</p>'
    figures = "".join(
        f"<figure><figcaption>{escape(title)}</figcaption>{_image(svg, title)}</figure>"
        for title, svg in drawn
    )
    return f'<div class="figures boards">{figures}</div>'


def _image(svg: str, words: str) -> str:
    """Put a picture on the page that keeps its style to itself."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(words)}">'


def _ratings(found: Found) -> str:
    if not found.ratings:
        return '<p class="missing">no version has played another yet</p>'
    newest = found.ratings[-_MOST_RATINGS:]
    rows = [
        (
            f"{line['version']}{' (best)' if line['is_best'] else ''}",
            f"{line['elo']:+.0f}",
            f"{line['low']:+.0f} to {line['high']:+.0f}",
            f"{line['games']:,}",
        )
        for line in reversed(newest)
    ]
    about = f"{len(newest)} of {len(found.ratings)} versions, newest first; the first has 0 Elo"
    table = _table(("version", "Elo", "95 %", "games"), rows)
    return f'<div class="card"><p class="about">{about}</p>{table}</div>'


def _events(found: Found) -> str:
    told = [(event.trained_s, event.time[:19], event.kind, event.text) for event in found.events]
    told += [(60 * minute, "", "alarm", words) for minute, words in _alarms(found)]
    rows = [
        (time.replace("T", " "), f"{seconds / 60:.1f}", kind, text)
        for seconds, time, kind, text in sorted(told, key=lambda event: event[0])
    ]
    if not rows:
        return '<p class="missing">no events are written down in this folder</p>'
    shown = rows[-_MOST_EVENTS:]
    left = f'<p class="about">the newest {len(shown)} of {len(rows)}</p>' if shown != rows else ""
    table = _table(("UTC", "minute", "kind", "what"), shown)
    return f'<div class="card">{left}{table}</div>'


def _alarms(found: Found) -> Iterable[tuple[float, str]]:
    """Yield when the network began to learn games by heart; the metrics tell that alone."""
    before = 0.0
    for line in found.metrics:
        now = float(line.get("alarm/gap", before))
        if now and not before:
            yield float(line["minutes"]), "the value is much better on games trained on"
        before = now


def _machine(found: Found) -> str:
    if not found.machine:
        return '<p class="missing">the machine is not written down in this folder</p>'
    rows = [
        (name.replace("_gb", " (GB)"), ", ".join(value) if isinstance(value, list) else str(value))
        for name, value in found.machine.items()
        if value not in ([], None)
    ]
    return f'<div class="card">{_table(("what", ""), rows)}</div>'


def _settings(found: Found) -> str:
    return (
        '<details class="card"><summary>every setting, as resolved</summary>'
        f"<pre>{escape(found.settings)}</pre></details>"
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    lines = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )
