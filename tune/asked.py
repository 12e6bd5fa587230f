"""What a sweep was asked to do: its command line, and its folder, from which it can go on."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import tyro

from hexray.config import RunConfig, with_overrides
from hexray.errors import SettingsError
from hexray.files import atomic_write
from hexray.options import parse_run
from hexray.play.solved import shipped_positions
from tune.search import Scheduler, Search
from tune.space import Space, check_space, read_space
from tune.trial import Metric

ASKED_FILE = "asked.json"
_PROG = "python -m tune.sweep"
_DESCRIPTION = """Train many times with other settings and say which are best.

All that python -m hexray.loop takes is taken too: --board, --minutes, --preset, --config, --seed,
--section.field. They are the settings that the sweep changes some of."""


@dataclasses.dataclass(frozen=True)
class SweepOptions:
    """What is varied, how it is chosen, and how trials end."""

    space: Path | None = None
    """YAML file of the settings to vary; see tune/spaces."""
    search: Search = "tpe"
    """How the next trial is chosen."""
    scheduler: Scheduler = "none"
    """Which trials end early: asha and hyperband end the worse ones, with pbt they go on as copies
    of better ones."""
    samples: Annotated[int, tyro.conf.arg(metavar="1..")] = 16
    """Trials; a grid has as many as its points."""
    grid_points: Annotated[int, tyro.conf.arg(metavar="2..")] = 3
    """Search grid: values of each range."""
    metric: Metric = "move_accuracy"
    """What is to be as high as possible: a share of the solved positions, or the rating in Elo."""
    repeats: Annotated[int, tyro.conf.arg(metavar="0..")] = 2
    """Fresh seeds with which the best settings and the unchanged ones are trained again in the end:
    the best of noisy trials looks better than it is."""
    concurrent: Annotated[int, tyro.conf.arg(metavar="0..")] = 0
    """Trials at once; 0: as many as the CPUs and GPUs hold, as it always is with pbt."""
    gpus: Annotated[int, tyro.conf.arg(metavar="0..")] = 0
    """GPUs of each trial."""
    folder: Path | None = None
    """Folder of the sweep; by default sweeps/SPACE-BOARDxBOARD-seedSEED."""
    resume: Path | None = None
    """Go on with the interrupted sweep in this folder; all else is as it was asked then."""


class Asked(NamedTuple):
    """A sweep: its options, the settings it changes some of, the space, and its folder."""

    options: SweepOptions
    config: RunConfig
    space: Space
    folder: Path


def read_asked(arguments: Sequence[str] | None) -> Asked:
    """Read the command line, or with ``--resume`` what was asked before; nothing is written.

    Raises SettingsError for what makes no sense, and for a folder that holds a sweep already.
    """
    options, rest = tyro.cli(
        SweepOptions,
        args=arguments,
        prog=_PROG,
        description=_DESCRIPTION,
        return_unknown_args=True,
    )
    if options.resume is not None:
        if rest:
            raise SettingsError(f"--resume takes all else as it was asked, not {rest[0]}")
        return _asked_before(options.resume)
    if options.space is None:
        raise SettingsError("--space: name a file of settings to vary, such as one of tune/spaces")
    space = read_space(options.space)
    _, config = parse_run(rest, prog=_PROG)
    config = with_overrides(config, space.settings)
    check_space(space, config)
    if options.metric != "rating" and shipped_positions(config.board) is None:
        raise SettingsError(
            f"--metric {options.metric}: no solved positions of {config.board}x{config.board} come "
            "with hexray; use --metric rating"
        )
    if options.metric == "rating" and not config.judge.match_seconds:
        raise SettingsError("--metric rating needs games: judge.match_seconds is 0")
    if options.scheduler == "pbt" and options.concurrent:
        raise SettingsError(
            "--concurrent: with --scheduler pbt all trials are under way, and as many run at once "
            "as the CPUs and GPUs hold; leave it out"
        )
    name = f"{options.space.stem}-{config.board}x{config.board}-seed{config.seed}"
    folder = options.folder or Path("sweeps") / name
    if (folder / ASKED_FILE).exists():
        raise SettingsError(
            f"{folder} holds a sweep already; go on with it by --resume {folder}, or name another "
            "--folder"
        )
    return Asked(options, config, space, folder.absolute())


def record(asked: Asked) -> None:
    """Write what was asked into the folder of the sweep, unless it stands there."""
    file = asked.folder / ASKED_FILE
    if file.exists():
        return
    asked.folder.mkdir(parents=True, exist_ok=True)
    options = dataclasses.asdict(asked.options)
    content = {
        "options": {name: value for name, value in options.items() if not _is_place(name)},
        "config": asked.config.model_dump(mode="json"),
        "space": asked.space.model_dump(mode="json"),
    }
    atomic_write(file, (json.dumps(content, indent=2) + "\n").encode())


def _asked_before(folder: Path) -> Asked:
    file = folder / ASKED_FILE
    if not file.exists():
        raise SettingsError(f"--resume {folder}: no sweep was begun there")
    try:
        asked = json.loads(file.read_text(encoding="utf-8"))
        options = SweepOptions(**asked["options"])
        space = Space.model_validate(asked["space"])
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{file} is damaged ({error}); begin the sweep anew") from error
    config = with_overrides(RunConfig(), asked["config"])
    return Asked(options, config, space, folder.absolute())


def _is_place(name: str) -> bool:
    return name in ("space", "folder", "resume")
