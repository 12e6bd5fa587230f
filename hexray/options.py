"""The command line of a run: a preset, a settings file over it, single settings over both."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
import yaml
from pydantic import ValidationError

from hexray.config import RunConfig, explain, with_overrides
from hexray.errors import SettingsError
from hexray.presets import PRESETS

_DESCRIPTION = """Train a strong Hex player by self-play.

Every setting can be given as --section.field value. The same command, given again, goes on with
a run that was interrupted."""


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """What is to be run, and where."""

    preset: Literal["default", "quick", "curriculum", "gpu"] = "default"
    """Settings to begin with, fitted to the board: default trains well, quick shows it all,
    curriculum learns smaller boards first."""
    config: Path | None = None
    """YAML file with settings that replace the preset's."""
    run_dir: Path | None = None
    """Folder of the run; by default runs/PRESET-BOARDxBOARD-seedSEED."""
    address: str | None = None
    """Ray cluster to run on, auto for the one that this machine belongs to: cluster.address."""


@dataclasses.dataclass(frozen=True)
class _Command:
    options: Annotated[RunOptions, tyro.conf.arg(name="")]
    settings: Annotated[RunConfig, tyro.conf.arg(name="")]


@dataclasses.dataclass(frozen=True)
class _Peek(RunOptions):
    board: int | None = None


def parse_run(
    arguments: Sequence[str] | None = None, prog: str = "python -m hexray.loop"
) -> tuple[Path, RunConfig]:
    """Read the command line (default: this process's); return the run folder and the settings.

    Raises SettingsError for a bad settings file and for values that RunConfig refuses; an argument
    that cannot be read is named in print, with exit status 2, as command lines do.
    """
    peek, _ = tyro.cli(_Peek, args=arguments, return_unknown_args=True, add_help=False)
    base = _base(peek)
    options = RunOptions(peek.preset, peek.config, peek.run_dir, peek.address)
    try:
        command = tyro.cli(
            _Command,
            args=arguments,
            default=_Command(options, base),
            prog=prog,
            description=_DESCRIPTION,
        )
    except ValidationError as error:
        raise SettingsError(f"command line: {explain(error)}") from error
    settings = command.settings
    name = f"{options.preset}-{settings.board}x{settings.board}-seed{settings.seed}"
    return options.run_dir or Path("runs") / name, settings


def _base(peek: _Peek) -> RunConfig:
    overrides = {} if peek.config is None else read_settings(peek.config)
    if peek.board is None:
        place, board = str(peek.config), overrides.get("board", RunConfig().board)
    else:
        place, board = "command line", peek.board
    checked = _laid_over(RunConfig(), {"board": board}, place).board
    config = _laid_over(PRESETS[peek.preset](checked), overrides, str(peek.config))
    if peek.address is None:
        return config
    return with_overrides(config, {"cluster": {"address": peek.address}})


def _laid_over(config: RunConfig, overrides: Mapping[str, Any], place: str) -> RunConfig:
    try:
        return with_overrides(config, overrides)
    except SettingsError as error:
        raise SettingsError(f"{place}: {error}") from error


def read_settings(path: Path) -> dict[str, Any]:
    """Read a YAML file of nested settings; SettingsError names file and place when it is bad."""
    if not path.is_file():
        raise SettingsError(f"--config {path}: no such file")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if not isinstance(settings, dict):
        raise SettingsError(f"{path}: expected settings such as 'board: 7', found {settings!r}")
    return settings
