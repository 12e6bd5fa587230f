"""Games searched again: new targets beside the old ones, of the same meaning, never over them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluators import hashed, row_by_row
from made_checkpoints import made
from made_stores import stored
from random_games import assert_same, random_block

from hexray.cli.probe_looking import reanalyze
from hexray.config import RunConfig, SearchSettings, SelfplaySettings, settings_hash, with_overrides
from hexray.config.pipeline import PipelineConfig
from hexray.data.archive import Archive
from hexray.data.games import concat_games
from hexray.data.held_out import SplitWindow
from hexray.data.store import GameStore
from hexray.errors import SettingsError, StoreError
from hexray.evaluation import Evaluate, Evaluation, Leaves, drive
from hexray.net.checkpoint import save_checkpoint
from hexray.pipeline.plan import source_files
from hexray.play.selfplay import SelfPlay
from hexray.probes.reanalysis import Asked, Revision, open_revision, search_on, searched_again

SIZE = 4
SEARCH = SearchSettings(simulations=6, candidates=3)
NET = {"version": 1, "sha256": "ab"}
EVALUATE = row_by_row(hashed)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    blocks = [random_block(SIZE, 12, seed) for seed in (1, 2, 3)]
    stored(folder / "games" / f"{SIZE}x{SIZE}", *blocks)
    return folder


def asked(run: Path, positions: int = 0, **changes: Any) -> Asked:
    return Asked(run, SIZE, NET, SEARCH, 7, positions)._replace(**changes)


def made_again(run: Path, name: str, positions: int = 0) -> Revision:
    revision = open_revision(run / "revisions" / name, asked(run, positions))
    search_on(revision, EVALUATE, lambda _: None)
    return revision


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def breaking_off_after(calls: int) -> Evaluate:
    left = iter(range(calls))

    def evaluate(leaves: Leaves) -> Evaluation:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return EVALUATE(leaves)

    return evaluate


def test_the_games_searched_again_stay_as_they_are_to_the_byte(run: Path) -> None:
    before = digests(run / "games")
    made_again(run, "one")
    assert digests(run / "games") == before


def test_a_revision_is_a_store_of_the_same_games_with_new_targets(run: Path) -> None:
    revision = made_again(run, "one")
    old = concat_games(list(Archive(run, may_write=False).blocks()))
    new = concat_games(list(Archive(revision.folder, may_write=False).blocks()))
    targets = ("policy", "root_value", "version", "settings")
    assert_same(new._replace(**{name: getattr(old, name) for name in targets}), old)
    assert set(new.settings) == {settings_hash(SEARCH)}
    assert set(new.version.tolist()) == {0}  # that of the evaluator
    assert new.policy.astype(float).sum(1) == pytest.approx(1, abs=1e-3)
    assert not np.array_equal(new.root_value, old.root_value)


def test_self_play_searched_again_by_the_network_that_played_it_keeps_its_certain_values() -> None:
    settings = SelfplaySettings(games=8, adjudicate_share=0.0)
    play = SelfPlay(SIZE, settings, SEARCH, "p", 1, (0,))
    ended = [block for _ in range(30) if (block := drive(play.step(), EVALUATE)) is not None]
    block = concat_games(ended)
    again = searched_again(block, SEARCH, EVALUATE, np.random.default_rng(1))
    certain = np.abs(block.root_value) == 1
    assert certain.sum() > 20
    found = np.abs(again.root_value) == 1
    assert (again.root_value == block.root_value)[certain & found].all()
    assert (found & certain).sum() > 0.7 * certain.sum()


def test_targets_of_self_play_and_of_reanalysis_are_alike_on_average() -> None:
    # The same positions, networks and settings; only the draw of candidates differs.
    settings = SelfplaySettings(games=64)
    play = SelfPlay(SIZE, settings, SEARCH, "p", 1, (0,))
    ended = [block for _ in range(60) if (block := drive(play.step(), EVALUATE)) is not None]
    block = concat_games(ended)
    again = searched_again(block, SEARCH, EVALUATE, np.random.default_rng(1))
    old, new = block.policy.astype(float), again.policy.astype(float)
    count = len(old)
    assert count > 600
    sharpness = [(policy**2).sum(1) for policy in (old, new)]
    error = (sharpness[0] - sharpness[1]).std() / np.sqrt(count)
    assert abs((sharpness[0] - sharpness[1]).mean()) < 5 * error
    shift = block.root_value.astype(float) - again.root_value
    assert abs(shift.mean()) < 5 * shift.std() / np.sqrt(count)


def test_a_budget_takes_the_newest_games_and_says_what_it_covers(run: Path) -> None:
    revision = made_again(run, "few", positions=20)
    all_names = [name for block in Archive(run, may_write=False).blocks() for name in block.game_id]
    block = concat_games(list(Archive(revision.folder, may_write=False).blocks()))
    assert list(block.game_id) == all_names[-len(block.game_id) :]
    covered = sum(part.positions for part in revision.parts)
    assert covered == len(block.version) >= 20
    oldest = int((block.length - block.opening)[0])
    assert covered - oldest < 20
    assert revision.all_games == 36


@pytest.mark.parametrize("calls", [0, 5, 9])
def test_a_revision_broken_off_goes_on_to_the_same_bytes(run: Path, calls: int) -> None:
    whole = made_again(run, "whole")
    revision = open_revision(run / "revisions" / "broken", asked(run))
    with pytest.raises(KeyboardInterrupt):
        search_on(revision, breaking_off_after(calls), lambda _: None)
    assert not all(revision.is_done(part) for part in revision.parts)
    ticks: list[int] = []
    again = open_revision(run / "revisions" / "broken", asked(run))
    search_on(again, EVALUATE, ticks.append)
    assert digests(again.folder / "games") == digests(whole.folder / "games")
    assert sum(ticks) == sum(part.positions for part in again.parts)


def test_what_is_done_is_not_searched_again(run: Path) -> None:
    revision = made_again(run, "one")
    search_on(revision, breaking_off_after(0), lambda _: None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"net": {"version": 2, "sha256": "cd"}}, "net"),
        ({"search": SEARCH.model_copy(update={"simulations": 7})}, "search"),
        ({"seed": 8}, "seed"),
        ({"positions": 10}, "positions"),
    ],
)
def test_another_net_or_other_settings_are_refused_for_the_same_revision(
    run: Path, changes: dict[str, Any], said: str
) -> None:
    made_again(run, "one")
    before = digests(run)
    with pytest.raises(StoreError, match=f"a revision with {said} "):
        open_revision(run / "revisions" / "one", asked(run, **changes))
    assert digests(run) == before


def test_games_that_came_since_do_not_change_what_was_begun(run: Path) -> None:
    first = open_revision(run / "revisions" / "one", asked(run))
    GameStore(run / "games" / f"{SIZE}x{SIZE}", SIZE).append(random_block(SIZE, 5, 9))
    assert open_revision(run / "revisions" / "one", asked(run)).parts == first.parts


def test_a_source_that_was_changed_meanwhile_is_refused(run: Path) -> None:
    revision = open_revision(run / "revisions" / "one", asked(run))
    path = revision.source(revision.parts[0])
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(StoreError, match="is not the file"):
        search_on(revision, EVALUATE, lambda _: None)


@pytest.mark.parametrize("damage", [lambda text: text[:40], lambda _: '{"files": 3}'])
def test_a_damaged_manifest_is_named(run: Path, damage: Callable[[str], str]) -> None:
    folder = run / "revisions" / "one"
    open_revision(folder, asked(run))
    manifest = folder / "revision.json"
    manifest.write_text(damage(manifest.read_text()))
    with pytest.raises(StoreError, match=r"revision\.json is damaged"):
        open_revision(folder, asked(run))


def test_a_folder_of_something_else_is_left_alone(run: Path) -> None:
    with pytest.raises(StoreError, match="something else"):
        open_revision(run / "games", asked(run))


def test_replay_and_the_pipeline_take_a_revision(run: Path) -> None:
    revision = made_again(run, "one")
    store = Archive(revision.folder, may_write=False).games(SIZE)
    window = SplitWindow(10_000, 0.1, SIZE)
    window.fill(store)
    assert len(window.training) + len(window.held_out) == store.rows
    config = {"sources": [{"games": str(revision.folder)}], "run": {"board": SIZE}}
    assert len(source_files(PipelineConfig.model_validate(config))) == 3


def test_the_command_states_its_coverage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, results = tmp_path / "run", tmp_path / "results"
    save_checkpoint(run / "checkpoints", made(3))
    stored(run / "games" / "3x3", random_block(3, 40, 1))
    options = {"net": run, "name": "new", "positions": 50, "results": results}
    assert reanalyze(run, **options, simulations=4, json_output=True) == 0
    said = json.loads(capsys.readouterr().out)
    numbers = said["numbers"]
    assert numbers["positions"] == numbers["positions_asked"] >= 50
    assert numbers["games_stored"] == 40
    assert "positions asked for were searched again" in said["sentence"]
    assert "is this the better network?" in said["sentence"]
    assert (Path(said["folder"]) / "picture.png").read_bytes()[:4] == b"\x89PNG"
    manifest = json.loads((run / "revisions" / "new" / "revision.json").read_text())
    assert manifest["net"]["version"] == 3
    assert manifest["search"]["simulations"] == 4
    with pytest.raises(StoreError, match="a revision with search"):
        reanalyze(run, **options, simulations=5)
    with pytest.raises(SettingsError, match="--name"):
        reanalyze(run, net=run, name="../other", results=results)
    config = with_overrides(RunConfig(), {"search": {"kind": "minimax"}})
    (run / "settings.yaml").write_text(json.dumps(config.model_dump(mode="json")))
    with pytest.raises(SettingsError, match="minimax has none"):
        reanalyze(run, net=run, name="other", simulations=4, results=results)
