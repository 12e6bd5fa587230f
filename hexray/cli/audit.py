"""``hexray data audit``: what files of games hold, and what is wrong with them."""

import html
import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import rich.console
import tyro
from rich.progress import track
from rich.table import Table

from hexray.data.audit import Audit, FileAudit, excluded, files_below
from hexray.data.exclusions import write_exclusions
from hexray.errors import SettingsError
from hexray.files import atomic_write
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.notation import move_name
from hexray.game.picture import board_svg
from hexray.game.shown import Shown

_BARS = 40


def audit(
    paths: tyro.conf.Positional[tuple[Path, ...]],
    /,
    page: Path | None = None,
    exclude: Path | None = None,
    fault_rate: float = 0.05,
    json_output: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """Count the faults of files, folders, stores or runs, and what their games are like.

    Nothing is changed. Faults by kind: repeated cell, off board, after the end, too short, wrong
    winner, wrong parity, not finite, bad value, bad policy, duplicate (moves that came before), no
    game (what cannot be read as one).

    Args:
        paths: Files, folders of files, stores, run folders.
        page: HTML file for a page with pictures.
        exclude: File to list those that are too bad; hexray pipeline --exclude leaves them out.
        fault_rate: Share of games at fault from which a file is too bad, 0 to 1.
        json_output: Print one last line of JSON.
    """
    if not paths:
        raise SettingsError("no files; name at least one file, folder, store or run")
    files = [file for path in paths for file in files_below(path)]
    if not files:
        raise SettingsError(f"{paths[0]}: no files of games in it")
    found = Audit()
    err = rich.console.Console(stderr=True)
    for file in track(files, "auditing", console=err, transient=True):
        found.add(file)
    bad = excluded(found, fault_rate)
    _show(found, bad, fault_rate)
    if exclude is not None:
        write_exclusions(exclude, bad)
    if page is not None:
        atomic_write(page, page_of(found, bad).encode())
        print(f"page: {page}")
    if json_output:
        print(json.dumps(facts_of(found, bad)))
    return 0


def facts_of(found: Audit, bad: list[str]) -> dict[str, Any]:
    """Return the figures of an audit as plain JSON."""
    boards = {}
    for size in sorted(found.lengths):
        first = found.openings[size]
        boards[f"{size}x{size}"] = {
            "lengths": {str(length): n for length, n in sorted(found.lengths[size].items())},
            "winners": _winners(found.winners[size]),
            "openings": {move_name(cell, size): n for cell, n in first.most_common()},
        }
    return {
        "games": found.games,
        "examples": found.examples,
        "faults": dict(sorted(found.faults.items())),
        "swapped": found.swapped,
        "boards": boards,
        "files": {
            file.path: {"games": file.games, "examples": file.examples, "faults": +file.faults}
            for file in found.files
        },
        "excluded": bad,
    }


def page_of(found: Audit, bad: list[str]) -> str:
    """Return the audit as an HTML page that needs nothing else."""
    faults = "".join(
        f"<tr><td>{kind}</td><td>{count:,}</td></tr>" for kind, count in found.faults.most_common()
    )
    files = "".join(_file_row(file, file.path in bad) for file in found.files)
    boards = "".join(_board(found, size) for size in sorted(found.lengths))
    return (
        "<!doctype html><meta charset='utf-8'><title>hexray audit</title>"
        f"<style>{_STYLE}</style><h1>{found.games:,} games, {found.examples:,} examples</h1>"
        f"<h2>Faults</h2><table>{faults or '<tr><td>none</td></tr>'}</table>{boards}"
        f"<h2>Files</h2><table><tr><th>file<th>games<th>examples<th>faults</tr>{files}</table>"
    )


def _file_row(file: FileAudit, is_bad: bool) -> str:
    told = "".join(f"<li>{html.escape(words)}</li>" for words in file.told)
    count = f"{file.faults.total():,}"
    details = f"<details><summary>{count}</summary><ul>{told}</ul></details>" if told else count
    mark = " class='bad'" if is_bad else ""
    return (
        f"<tr{mark}><td>{html.escape(file.path)}</td><td>{file.games:,}</td>"
        f"<td>{file.examples:,}</td><td>{details}</td></tr>"
    )


def _board(found: Audit, size: int) -> str:
    lengths, first = found.lengths[size], found.openings[size]
    games = lengths.total()
    winners = ", ".join(f"{name} {n:,}" for name, n in _winners(found.winners[size]).items())
    shares = [first[cell] / max(1, first.total()) for cell in range(size * size)]
    shown = Shown(
        size,
        [EMPTY] * (size * size),
        title=f"first moves of {games:,} games",
        heat=shares,
        heat_of="of the games",
        notes={c: f"Red won {found.opening_wins[size][c] / n:.0%}" for c, n in first.items()},
        legend="percent of all games; a cell tells how often Red won after it",
    )
    return (
        f"<h2>{size}x{size}: {games:,} games</h2><p>won by {winners}</p>{board_svg(shown)}"
        f"{_bars(lengths)}"
    )


def _bars(lengths: Counter[int]) -> str:
    """Draw how many games have how many moves."""
    step = max(1, (max(lengths) - min(lengths)) // _BARS + 1)
    grouped: Counter[int] = Counter()
    for length, count in lengths.items():
        grouped[length // step * step] += count
    most = max(grouped.values())
    rows = "".join(
        f"<tr><td>{length}{f' to {length + step - 1}' if step > 1 else ''}</td><td>{count:,}</td>"
        f"<td><div class='bar' style='width:{300 * count / most:.0f}px'></div></td></tr>"
        for length, count in sorted(grouped.items())
    )
    return f"<table><tr><th>moves<th>games<th></tr>{rows}</table>"


def _winners(winners: Counter[int]) -> dict[str, int]:
    return {"red": winners[RED], "blue": winners[BLUE], "nobody": winners[EMPTY]}


def _show(found: Audit, bad: list[str], fault_rate: float) -> None:
    table = Table(title=f"{found.games:,} games, {found.examples:,} examples", show_header=False)
    for kind, count in found.faults.most_common():
        table.add_row(kind, f"{count:,}")
    for size in sorted(found.lengths):
        lengths = found.lengths[size]
        mean = sum(length * n for length, n in lengths.items()) / max(1, lengths.total())
        winners = ", ".join(f"{name} {n:,}" for name, n in _winners(found.winners[size]).items())
        table.add_row(f"{size}x{size}", f"{lengths.total():,} games of {mean:.1f} moves; {winners}")
    rich.console.Console().print(table)
    for file in found.files:
        for words in file.told[:3]:
            print(words)
    for name in bad:
        print(f"more than {fault_rate:.0%} at fault: {name}")


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; color: #33312e }
table { border-collapse: collapse } td, th { padding: .1em .8em; text-align: left }
tr:nth-child(even) { background: #f6f3ee } .bar { background: #1f6f78; height: .8em }
.bad td { color: #a3231f } svg { max-width: 100%; height: auto }
"""
