"""``hexray probe entropy``: what the next step does to the entropy of the policy."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import tyro
from pydantic import ValidationError
from rich.console import Console
from rich.progress import track

from hexray.cli.probing import RESULTS, Json, Results
from hexray.cluster import ray_session
from hexray.config import RunConfig, explain, with_overrides
from hexray.errors import SettingsError, StoreError
from hexray.net.checkpoint import Checkpoint
from hexray.probes.entropy.checking import checked
from hexray.probes.entropy.pictures import draw_checked, draw_scaling, draw_single
from hexray.probes.entropy.plan import Kind, StudySettings, Task, read_plan, tasks_of
from hexray.probes.entropy.scaling import scaling
from hexray.probes.entropy.sentence import all_failed, single
from hexray.probes.entropy.study import (
    Material,
    Outcome,
    measure_in_detail,
    measure_one,
    measured_here,
    measured_on_ray,
)
from hexray.probes.entropy.written import write_detail, write_failure, write_study
from hexray.probes.finding import PICTURE_FILE, Draw, Finding
from hexray.probes.folder import ProbeFolder, probe_folder
from hexray.probes.material import load_training, rows_of_games, run_of

_PROG = "hexray probe entropy"
_DESCRIPTION = """Predict what one optimizer step does to the entropy of the policy, and how surely.

batch-scaling: does the prediction settle as more positions are evaluated? sanity-check: are the
estimators right on average, and as sure as they say? single: one step. debug: one step, with
gradients saved. Each has a template of settings; every setting can be given as --field value."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What is probed, where that goes, and how much is said."""

    checkpoint: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Checkpoint, or run folder for its newest one."""
    games: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run or store of games to draw positions from; by default the run of the checkpoint."""
    config: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """YAML file of settings over the template; the config.yaml of an earlier probe is one."""
    results: Results = RESULTS
    """Folder of results; each probe makes KIND/NAME_TIME in it."""
    address: str | None = None
    """Ray cluster to run on, auto for the one that this machine belongs to; by default this machine
    alone."""
    verbose: bool = False
    """Tell every run."""
    minimal: bool = False
    """Tell what was found, and no progress."""
    quiet: bool = False
    """Tell nothing; the exit status says whether all is well."""
    json_output: Json = False
    """Print one line of JSON."""


@dataclasses.dataclass(frozen=True)
class _Command:
    options: Annotated[Options, tyro.conf.arg(name="")]
    settings: Annotated[StudySettings, tyro.conf.arg(name="")]


@dataclasses.dataclass(frozen=True)
class _Peek:
    kind: tyro.conf.Positional[Kind]
    """What is asked; KIND --help tells its settings."""
    config: Path | None = None
    """YAML file of settings over the template."""


def entropy(*arguments: str) -> int:
    """Predict what one optimizer step does to the entropy of the policy, and how surely.

    The exit status is 1 when what was found is not as it should be.

    Args:
        arguments: batch-scaling, sanity-check, single or debug, and its options; see --help.
    """
    kind, options, settings = _parsed(arguments)
    if options.verbose + options.minimal + options.quiet > 1:
        raise SettingsError("--verbose, --minimal, --quiet: give one of them at most")
    tasks = tasks_of(kind, settings)
    material = _material(options, settings)
    asked = {
        "probe": f"entropy {kind}",
        "checkpoint": str(options.checkpoint.absolute()),
        "version": material.found.version,
        "games": str(_games(options).absolute()),
        "board": material.size,
        "settings": settings.model_dump(mode="json"),
    }
    with probe_folder(options.results, kind, settings.name, asked, settings.keep) as folder:
        finding, outcomes, draw = _probed(kind, options, material, tasks, folder)
        folder.log.info("%s: %s", finding.verdict, finding.sentence)
        write_study(folder.path, finding, outcomes, draw)
    _tell(options, finding, folder.path, PICTURE_FILE if draw else "")
    return 0 if finding.is_sound else 1


def _parsed(arguments: tuple[str, ...]) -> tuple[Kind, Options, StudySettings]:
    """Read the kind first: its template and its file say the values that others replace."""
    is_open = arguments[:1] in ((), ("-h",), ("--help",))
    peek, rest = tyro.cli(
        _Peek,
        args=arguments,
        prog=_PROG,
        description=_DESCRIPTION,
        return_unknown_args=True,
        add_help=is_open,
    )
    base = read_plan(peek.kind, peek.config)
    options = Options(checkpoint=tyro.MISSING, config=peek.config)
    try:
        command = tyro.cli(
            _Command,
            args=rest,
            default=_Command(options, base),
            prog=f"{_PROG} {peek.kind}",
            description=_DESCRIPTION,
        )
    except ValidationError as error:
        raise SettingsError(f"command line: {explain(error)}") from error
    return peek.kind, command.options, command.settings


def _games(options: Options) -> Path:
    return options.games or run_of(options.checkpoint)


def _material(options: Options, settings: StudySettings) -> Material:
    found = load_training(options.checkpoint)
    size = settings.board or found.config.board
    rows = rows_of_games(_games(options), found.config, size, settings.rows).training
    wanted = max(settings.evaluation_positions) + settings.update_positions
    if wanted > len(rows.cells):
        raise StoreError(
            f"{_games(options)} holds {len(rows.cells):,} positions of {size}x{size} to train on, "
            f"and {wanted:,} are drawn at once; lower evaluation_positions or update_positions"
        )
    return Material(found, rows, size, settings)


def _probed(
    kind: Kind, options: Options, material: Material, tasks: list[Task], folder: ProbeFolder
) -> tuple[Finding, list[Outcome], Draw | None]:
    if len(tasks) > 1:
        outcomes = _outcomes(options, material, tasks, folder)
        return _judged(kind, outcomes, material.settings)
    (task,) = tasks
    if kind == "debug":
        measured, detail = measure_in_detail(material, task)
        write_detail(folder.path, detail)
    else:
        measured = measure_one(material, task)
    found = single(f"entropy {kind}", measured)
    return found, [Outcome(task, measured)], lambda figure: draw_single(figure, measured, found)


def _judged(
    kind: Kind, outcomes: list[Outcome], settings: StudySettings
) -> tuple[Finding, list[Outcome], Draw | None]:
    if all(outcome.single is None for outcome in outcomes):
        return all_failed(f"entropy {kind}", outcomes), outcomes, None
    if kind == "batch-scaling":
        finding, draw = scaling(outcomes), draw_scaling
    else:
        finding, draw = checked(outcomes, settings.update_positions), draw_checked
    return finding, outcomes, lambda figure: draw(figure, finding, outcomes)


def _outcomes(
    options: Options, material: Material, tasks: list[Task], folder: ProbeFolder
) -> list[Outcome]:
    """Return the outcome of every run, in the order of their numbers."""
    console = Console(stderr=True)
    is_silent = options.minimal or options.quiet or options.json_output
    ended = []
    with _running(options, material, tasks) as coming:
        shown = track(coming, "runs", len(tasks), console=console, disable=is_silent)
        for outcome in shown:
            ended.append(outcome)
            line = _line(outcome)
            folder.log.info(line)
            if options.verbose:
                console.print(line, highlight=False, soft_wrap=True)
            if outcome.single is None:
                write_failure(folder.path, outcome)
    return sorted(ended, key=lambda outcome: outcome.task.number)


@contextmanager
def _running(
    options: Options, material: Material, tasks: list[Task]
) -> Iterator[Iterator[Outcome]]:
    if not material.settings.workers:
        yield measured_here(material, tasks)
        return
    with ray_session(_session(options, material.found)):
        yield measured_on_ray(material, tasks)


def _session(options: Options, found: Checkpoint) -> RunConfig:
    cluster = {"address": options.address, "dashboard": False}
    return with_overrides(found.config, {"cluster": cluster})


def _line(outcome: Outcome) -> str:
    task, measured = outcome.task, outcome.single
    name = f"run {task.number} ({task.arm} update, B_E {task.evaluation_positions})"
    if measured is None:
        return f"{name} failed: {outcome.error.strip().splitlines()[-1]}"
    return (
        f"{name}: predicted {measured.predicted:+.3g} +- {measured.se_given_update:.2g} nats, "
        f"exact {measured.exact:+.3g}, {measured.seconds:.1f} s"
    )


def _tell(options: Options, finding: Finding, folder: Path, picture: str) -> None:
    if options.json_output:
        print(json.dumps({**finding._asdict(), "folder": str(folder)}))
    elif not options.quiet:
        print(f"{finding.verdict}: {finding.sentence}")
        print(f"see {folder / picture}")
