"""``hexray data list``: what a store holds, and where it came from."""

import json
from pathlib import Path
from typing import Annotated, Any

import tyro

from hexray.data.archive import Archive
from hexray.data.index import Index

Store = Annotated[Path, tyro.conf.arg(metavar="DIR")]


def contents(store: Store, json_output: Annotated[bool, tyro.conf.arg(name="json")] = False) -> int:
    """List the games of a store or a run, the files they came from, runs, versions and matches.

    Args:
        store: Folder of the store, or a run folder.
        json_output: Print one line of JSON and nothing else.
    """
    archive = Archive(store, may_write=False)
    found: dict[str, Any] = {"games": [_games(archive, size) for size in archive.sizes()]}
    if archive.is_indexed:
        with archive.index() as index:
            found |= _indexed(index)
    if json_output:
        print(json.dumps(found))
    else:
        _show(found)
    return 0


def _games(archive: Archive, size: int) -> dict[str, int]:
    games = archive.games(size)
    return {"board": size, "games": games.games, "plies": games.rows, "bytes": games.size_bytes}


def _indexed(index: Index) -> dict[str, Any]:
    return {
        "sources": [came._asdict() for came in index.sources()],
        "runs": [{"source": source, **run._asdict()} for source, run in index.runs()],
        "models": [{"source": source, **model._asdict()} for source, model in index.models()],
        "matches": [{"source": source, **match._asdict()} for source, match in index.matches()],
        "quarantine": sum(1 for _ in index.held()),
    }


_LINES = {
    "games": "{board}x{board}  {games:,} games, {plies:,} searched plies, {bytes:,} bytes",
    "sources": "{path} ({kind}): {games:,} games stored, {duplicates:,} known already, "
    "{rejected:,} rejected",
    "runs": "{source}: {games:,} games of self-play on {board}x{board}, settings {settings}",
    "models": "{source}: weights {version} searched {plies:,} plies on {board}x{board}",
    "matches": "{source}: {player} against {opponent} on {board}x{board}, {wins:,} of {games:,}",
}


def _show(found: dict[str, Any]) -> None:
    for part, line in _LINES.items():
        entries = _by_run(found[part]) if part == "models" and part in found else found.get(part)
        if entries:
            print(part)
        for entry in entries or ():
            print(f"  {line.format(**entry)}")
    if found.get("quarantine"):
        print(f"quarantine\n  {found['quarantine']:,} texts; hexray data quarantine tells why")


def _by_run(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the versions of a run on one board together: a run has hundreds."""
    runs: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for model in models:
        runs.setdefault((model["source"], model["board"]), []).append(model)
    return [
        {
            "source": source,
            "board": board,
            "version": f"{some[0]['version']} to {some[-1]['version']}",
            "plies": sum(model["plies"] for model in some),
        }
        for (source, board), some in runs.items()
    ]
