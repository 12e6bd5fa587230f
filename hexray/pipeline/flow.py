"""The pipeline: makes each step that is missing, in tasks of Ray, and forgets what is used up."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from hexray.config.pipeline import PipelineConfig
from hexray.errors import PipelineError
from hexray.files import atomic_write
from hexray.pipeline.manifest import Manifest, key_of, read_manifest, write_manifest
from hexray.pipeline.notes import notes
from hexray.pipeline.plan import KINDS, Kind, Step, steps_of
from hexray.pipeline.pool import Pool
from hexray.pipeline.stages import STAGES, Report

_KEY = "tasks.json"


class State(NamedTuple):
    """Where a step stands.

    why         why it has to be made; empty when it is made
    so_far      what there is of it
    size_bytes  of its files on disk
    """

    step: Step
    folder: Path
    why: str
    so_far: str
    size_bytes: int


class Pipeline:
    """The steps between games and a network, in ``config.work``."""

    def __init__(
        self, config: PipelineConfig, first: Kind = "selfplay", last: Kind = "train"
    ) -> None:
        """Plan the steps from ``first`` to ``last``; nothing is made or changed yet."""
        self._config, self._work = config, Path(config.work).resolve()
        self._first, self._last = KINDS.index(first), KINDS.index(last)
        self._may_remake = first != "selfplay"
        self._steps = steps_of(config)
        self._by_name = {step.name: step for step in self._steps}

    def states(self) -> list[State]:
        """Return where each step stands, in order."""
        folders = [self._folder(step.name) for step in self._steps]
        return [
            State(step, folder, self._why(step), self._so_far(step), _size(folder))
            for step, folder in zip(self._steps, folders, strict=True)
        ]

    def run(self, pool: Pool, report: Report) -> list[Manifest]:
        """Make what is missing; return what the steps made, in order.

        Raises PipelineError when a step makes nothing, or was made with other settings.
        """
        for step in self._steps:
            place = KINDS.index(step.kind)
            if place > self._last or not (why := self._why(step)):
                continue
            if place < self._first:
                raise PipelineError(
                    f"{self._folder(step.name)}: {why}; begin with --from {step.kind}"
                )
            if self._manifest(step.name) is not None and not self._may_remake:
                raise PipelineError(
                    f"{self._folder(step.name)}: {why}; --from {step.kind} makes it and what "
                    "follows again, or choose another work folder"
                )
            self._make(step, pool, report)
            self._forget()
        made = [self._manifest(step.name) for step in self._steps]
        return [manifest for manifest in made if manifest is not None]

    def _make(self, step: Step, pool: Pool, report: Report) -> None:
        folder = self._folder(step.name)
        inputs = {name: self._restored(name, pool, report) for name in step.inputs}
        self._begin(folder, step)
        stage = STAGES[step.kind]
        counts, files = stage(self._config, step, self._work, inputs, pool, report)
        manifest = Manifest(step.kind, self._key(step), counts, files)
        is_empty = not any(made.items for some in files.values() for made in some)
        if is_empty and step.kind not in ("clean", "train"):
            raise PipelineError(f"{folder}: the step made nothing; figures: {json.dumps(counts)}")
        write_manifest(folder, manifest)

    def _begin(self, folder: Path, step: Step) -> None:
        """Make the folder of a step, without what was begun there with other settings or games."""
        facts = {name: value for name, value in step.facts.items() if name != "target_positions"}
        key = self._key(step._replace(facts=facts)).encode()
        path = folder / _KEY
        if folder.is_dir() and (not path.is_file() or path.read_bytes() != key):
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(path, key)

    def _restored(self, name: str, pool: Pool, report: Report) -> Manifest:
        """Return what a step made, and make files again that were removed meanwhile."""
        manifest = self._manifest(name)
        if manifest is None:
            raise PipelineError(f"{self._folder(name)} is not made; begin with an earlier step")
        if self._has_files(name, manifest):
            return manifest
        self._make(self._by_name[name], pool, report)
        again = self._manifest(name)
        if again is None or again.digest != manifest.digest:
            raise PipelineError(
                f"{self._folder(name)} was made again and came out otherwise; its games have "
                "changed meanwhile: give --from clean"
            )
        return again

    def _forget(self) -> None:
        """Remove the files of steps that nothing more will be made from."""
        if self._config.keep:
            return
        for step in self._steps:
            used_by = [other for other in self._steps if step.name in other.inputs]
            is_used_up = bool(used_by) and not any(map(self._why, used_by))
            if step.kind in ("clean", "expand", "shuffle") and is_used_up:
                for path in self._folder(step.name).glob("*.parquet"):
                    path.unlink()

    def _why(self, step: Step) -> str:
        """Say why a step has to be made; empty when it is."""
        manifest = self._manifest(step.name)
        if manifest is None:
            return "not made yet"
        if any(self._manifest(name) is None for name in step.inputs):
            return "made from a step that is not made"
        return "" if manifest.key == self._key(step) else "made with other settings or games"

    def _so_far(self, step: Step) -> str:
        """Say what there is of a step, from its manifest or from the notes of its tasks."""
        if step.kind == "train":
            return ""
        manifest, tasks = self._manifest(step.name), notes(self._folder(step.name))
        if step.kind == "selfplay":
            positions = sum(done.counts["positions"] for done in tasks)
            return f"{positions:,} of {self._config.target_positions:,} positions"
        if manifest is not None:
            return (
                f"{sum(made.items for some in manifest.files.values() for made in some):,} in all"
            )
        return f"{len(tasks)} tasks done" if tasks else ""

    def _key(self, step: Step) -> str:
        inputs = [self._manifest(name) for name in step.inputs]
        digests = [None if manifest is None else manifest.digest for manifest in inputs]
        return key_of({"step": step.name, "facts": step.facts, "inputs": digests})

    def _manifest(self, name: str) -> Manifest | None:
        return read_manifest(self._folder(name))

    def _has_files(self, name: str, manifest: Manifest) -> bool:
        files = (made.name for some in manifest.files.values() for made in some)
        return all((self._folder(name) / file).is_file() for file in files)

    def _folder(self, name: str) -> Path:
        return self._work / name


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
