"""What an entropy probe is asked for: its kind, its settings, and the runs that follow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

import numpy as np
from pydantic import Field, ValidationError, model_validator

from hexray.config import explain
from hexray.errors import SettingsError
from hexray.options import read_settings
from hexray.probes.entropy.settings import EntropySettings
from hexray.probes.folder import KEPT

Kind = Literal["batch-scaling", "sanity-check", "single", "debug"]
Arm = Literal["fixed", "redrawn"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LEAST_SIZES, LEAST_SPAN, LEAST_RUNS = 3, 4, 5
"""Below these ``batch-scaling`` cannot tell a slope: sizes, largest over smallest, runs of each."""
LEAST_CHECKS = 20
"""Below so many runs of an arm ``sanity-check`` cannot tell a bias."""
_TEMPLATES = Path(__file__).parent.parent / "templates"


class StudySettings(EntropySettings):
    """What is measured, how often, and where it runs; the rest is as in one measurement."""

    evaluation_positions: tuple[Annotated[int, Field(ge=3)], ...] = (512,)  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    """Positions whose entropy is measured (B_E), from 3; batch-scaling takes several numbers."""
    runs: Annotated[int, Field(ge=1)] = 1
    """Runs of each B_E, each with positions and moves drawn anew; sanity-check makes as many with
    one update and as many with updates drawn anew."""
    rows: Annotated[int, Field(ge=4)] = 50_000
    """Newest training positions of the games to draw from."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of all that is drawn, 0 to 2**63 - 1."""
    workers: Annotated[int, Field(ge=0)] = 2
    """Ray tasks at once; 0 measures in this process, without Ray."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$", max_length=80)] = "entropy"
    """Begins the name of the folder with the results: letters, digits, points, hyphens."""
    keep: Annotated[int, Field(ge=0)] = KEPT
    """Newest folders kept of this kind of probe; 0 keeps all."""

    @model_validator(mode="after")
    def _has_sizes(self) -> "StudySettings":
        sizes = self.evaluation_positions
        if not sizes or len(set(sizes)) != len(sizes):
            raise ValueError(f"evaluation_positions {sizes}: give one number or more, each once")
        if max(sizes) + self.update_positions > self.rows:
            raise ValueError(
                f"evaluation_positions {max(sizes)} and update_positions {self.update_positions} "
                f"are more than rows {self.rows}; both are drawn from them, none twice"
            )
        return self


class Task(NamedTuple):
    """One run: what it draws, from which seeds.

    number                counts from 1
    arm                   "fixed" where all runs make the same update, "redrawn" where each has one
    evaluation_positions  B_E
    update_seed           of the permutation of all rows whose first B_U are the update, and of the
                          moves drawn there
    evaluation_seed       of the permutation of the others, whose first B_E are the evaluation
    seed                  of the moves drawn in the evaluation
    """

    number: int
    arm: Arm
    evaluation_positions: int
    update_seed: int
    evaluation_seed: int
    seed: int


def template(kind: Kind) -> Path:
    """Return the file with the settings that come with hexray for one kind."""
    return _TEMPLATES / f"{kind}.yaml"


def read_plan(kind: Kind, file: Path | None) -> StudySettings:
    """Return the settings of a kind: its template, and those of ``file`` laid over it.

    Raises SettingsError naming file, setting and value.
    """
    settings, place = read_settings(template(kind)), str(template(kind))
    if file is not None:
        given = read_settings(file)
        settings, place = {**settings, **_own(given)}, str(file)
    return study_settings(settings, place)


def study_settings(values: Mapping[str, Any], place: str) -> StudySettings:
    """Check settings that were read at ``place``; SettingsError names it, setting and value."""
    try:
        return StudySettings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(f"{place}: {explain(error)}") from error


def _own(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a file: its whole content, or those in the config.yaml of a probe."""
    inside = given.get("settings")
    return inside if isinstance(inside, Mapping) else given


def step_settings(settings: StudySettings, evaluation_positions: int) -> EntropySettings:
    """Return the settings of one measurement with so many evaluation positions."""
    own = {name: getattr(settings, name) for name in EntropySettings.model_fields}
    return EntropySettings.model_validate({**own, "evaluation_positions": evaluation_positions})


def tasks_of(kind: Kind, settings: StudySettings) -> list[Task]:
    """Return all runs of a probe, the smallest B_E first; the same for the same settings.

    Raises SettingsError where the kind cannot answer with so few or so many.
    """
    _check(kind, settings)
    arms: tuple[Arm, ...] = ("fixed", "redrawn") if kind == "sanity-check" else ("fixed",)
    sizes = sorted(settings.evaluation_positions)
    asked: list[tuple[Arm, int]] = [
        (arm, size) for arm in arms for size in sizes for _ in range(settings.runs)
    ]
    shared, *own = np.random.SeedSequence(settings.seed).spawn(len(asked) + 1)
    (update_seed,) = _seeds(shared, 1)
    tasks = []
    for number, ((arm, size), sequence) in enumerate(zip(asked, own, strict=True), start=1):
        own_update, evaluation_seed, seed = _seeds(sequence, 3)
        update = update_seed if arm == "fixed" else own_update
        tasks.append(Task(number, arm, size, update, evaluation_seed, seed))
    return tasks


def _seeds(sequence: np.random.SeedSequence, count: int) -> list[int]:
    return [int(word) for word in sequence.generate_state(count)]


def _check(kind: Kind, settings: StudySettings) -> None:
    sizes, runs = settings.evaluation_positions, settings.runs
    if kind == "batch-scaling":
        if len(sizes) < LEAST_SIZES or max(sizes) < LEAST_SPAN * min(sizes):
            raise SettingsError(
                f"evaluation_positions {sizes}: batch-scaling compares {LEAST_SIZES} numbers or "
                f"more, the largest {LEAST_SPAN} times the smallest: 64 128 256"
            )
        if runs < LEAST_RUNS:
            raise SettingsError(f"runs {runs}: batch-scaling needs {LEAST_RUNS} of each size")
        return
    if len(sizes) > 1:
        raise SettingsError(f"evaluation_positions {sizes}: {kind} takes one number")
    if kind == "sanity-check" and runs < LEAST_CHECKS:
        raise SettingsError(f"runs {runs}: sanity-check needs {LEAST_CHECKS} or more")
    if kind in ("single", "debug") and runs > 1:
        raise SettingsError(f"runs {runs}: {kind} makes one; sanity-check makes many")
