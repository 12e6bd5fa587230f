"""``hexray pipeline``: from games to a network, step by step, over files."""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import rich.console
import tyro
from filelock import FileLock, Timeout
from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hexray.cluster import ray_session
from hexray.config import explain
from hexray.config.base import merged
from hexray.config.pipeline import PipelineConfig
from hexray.data.archive import Archive
from hexray.errors import PipelineError, SettingsError
from hexray.options import read_settings
from hexray.pipeline.flow import Pipeline
from hexray.pipeline.manifest import Manifest
from hexray.pipeline.plan import Kind
from hexray.pipeline.pool import Pool
from hexray.presets import PRESETS

_LOCK_SECONDS = 0.5
_WIDTH = 160


@dataclasses.dataclass(frozen=True)
class Options:
    """What to make, and from what."""

    config: Path | None = None
    """YAML file of settings; see examples/pipeline.yaml."""
    games: tuple[Path, ...] = ()
    """Folders of stores or runs to train from, in place of the sources of the file."""
    exclude: Path | None = None
    """List of files of games to leave out, as hexray data audit --exclude writes it."""
    first: Annotated[Kind, tyro.conf.arg(name="from")] = "selfplay"
    """Begin with this step: those before it must be made already. With --games and a later step
    than selfplay there is no self-play. Steps from here on that were made with other settings are
    made again."""
    until: Kind = "train"
    """End with this step."""
    work: Path | None = None
    """Folder of all steps; by default that of the file, or runs/pipeline."""
    board: int | None = None
    """Board side, 2 to 19; by default that of the file, or that of the games."""
    workers: int | None = None
    """Tasks at once."""
    cycles: int | None = None
    """Rounds of self-play and training."""
    trainings_per_cycle: int | None = None
    """Trainings on the games of a cycle."""
    target_positions: int | None = None
    """Searched positions that self-play makes in a cycle; 0 for no self-play."""
    positions: Literal["all", "searched", "final", "penultimate", "every"] | None = None
    """Positions of a game: all, L + 1 of L moves; before searched moves; after the last move;
    before it; with every, the first and each --every plies after it."""
    every: int | None = None
    """Plies between two positions, with --positions every."""
    keep: bool = False
    """Keep the files between the steps; otherwise they go when nothing more is made of them."""
    dry_run: bool = False
    """Show the steps, their folders and sizes, and do nothing."""
    status: bool = False
    """Show how far the steps are, also while they are being made, and do nothing."""


def pipeline(options: Annotated[Options, tyro.conf.arg(name="")]) -> int:
    """Train from files: self-play, clean, expand, shuffle, train; the same command goes on.

    Every step is made once and leaves a manifest in its folder. What it needs is read from the
    steps before; interrupted, it goes on with what is missing, and ends in the same files. The
    network is in the work folder: hexray solved WORK measures it.
    """
    config = _settings(options)
    flow = Pipeline(config, options.first, options.until)
    out = rich.console.Console()
    if not out.is_terminal:
        out.width = _WIDTH  # a file or a pipe has no edge at which lines had to be broken
    if options.dry_run or options.status:
        out.print(_table(flow, config))
        return 0
    work = Path(config.work)
    work.mkdir(parents=True, exist_ok=True)
    with _alone(work), ray_session(config.run):
        made = _run(flow, config)
    out.print(_summary(made, work), soft_wrap=True, highlight=False)
    return 0


def _settings(options: Options) -> PipelineConfig:
    given = {} if options.config is None else read_settings(options.config)
    place = "command line" if options.config is None else str(options.config)
    over: dict[str, Any] = {
        name: value
        for name in ("workers", "cycles", "trainings_per_cycle", "target_positions")
        if (value := getattr(options, name)) is not None
    }
    steps = {"positions": options.positions, "every": options.every}
    over["steps"] = {name: value for name, value in steps.items() if value is not None}
    if options.games:
        over["sources"] = [{"games": str(path)} for path in options.games]
        if options.first != "selfplay":
            over.setdefault("target_positions", 0)
    over |= {
        name: str(path)
        for name in ("work", "exclude")
        if (path := getattr(options, name)) is not None
    }
    if options.keep:
        over["keep"] = True
    settings = merged(given, over)
    run = settings.get("run", {})
    if not isinstance(run, Mapping):
        raise SettingsError(f"{place}: run = {run!r}: settings of a run belong there")
    board = options.board or run.get("board") or _only_board(settings)
    if not isinstance(board, int):
        raise SettingsError(f"{place}: run.board = {board!r}: a whole number, 2 to 19")
    try:
        base = PRESETS["default"](board).model_dump()
        return PipelineConfig.model_validate(
            {**settings, "run": merged(base, {**run, "board": board})}
        )
    except ValidationError as error:
        raise SettingsError(f"{place}: {explain(error)}") from error


def _only_board(settings: Mapping[str, Any]) -> int:
    """Return the board of the games, if they are all of one; 5 where there are none yet."""
    sources = settings.get("sources") or []
    folders = [Path(source["games"]) for source in sources if "games" in source]
    sizes = {size for folder in folders for size in Archive(folder, may_write=False).sizes()}
    if len(sizes) > 1:
        raise SettingsError(f"there are games on boards of {sorted(sizes)}; choose one by --board")
    return sizes.pop() if sizes else 5


def _run(flow: Pipeline, config: PipelineConfig) -> list[Manifest]:
    columns = (TextColumn("{task.description:28}"), BarColumn(), MofNCompleteColumn())
    err = rich.console.Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=err) as progress:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step)
            progress.update(tasks[step], completed=done, total=of)

        return flow.run(Pool(config.workers), report)


def _table(flow: Pipeline, config: PipelineConfig) -> Table:
    table = Table(title=f"{config.work}: {config.run.board}x{config.run.board}")
    for name in ("step", "state", "so far", "on disk"):
        table.add_column(name, justify="right" if name == "on disk" else "left")
    for state in flow.states():
        size = f"{state.size_bytes / 1e6:,.1f} MB"
        table.add_row(state.step.name, state.why or "made", state.so_far, size)
    return table


def _summary(made: list[Manifest], work: Path) -> str:
    lines = []
    for manifest in made:
        plain = {name: value for name, value in manifest.counts.items() if name != "sources"}
        figures = ", ".join(
            f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
            for name, value in plain.items()
        )
        lines.append(f"{manifest.step:9} {figures}")
    lines.append(f"to measure the network:  hexray solved {work}")
    return "\n".join(lines)


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Keep other processes out of the folder."""
    try:
        with FileLock(work / "lock").acquire(timeout=_LOCK_SECONDS):
            yield
    except Timeout as error:
        raise PipelineError(f"{work} is in use by another process; let it end first") from error
