"""How much a policy knows: planted networks are called what they are."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_checkpoints import made
from made_stores import stored
from made_unseen import SIZE, told, unseen, with_logits
from random_games import random_block

from hexray.cli.probe_looking import policy as probe_policy
from hexray.config import RunConfig, with_overrides
from hexray.evaluation import Evaluate, know_nothing
from hexray.net.checkpoint import save_checkpoint
from hexray.probes.finding import Finding
from hexray.probes.policy import agree, find_policy, is_enough, know, too_few

POSITIONS = unseen(150, 1)
SEARCH = with_overrides(RunConfig(), {"search": {"simulations": 8, "candidates": 4}}).search
TARGETS = np.log(np.maximum(POSITIONS.rows.policy.astype(np.float64), 1e-4))


def finding_of(evaluate: Evaluate) -> Finding:
    rng = np.random.default_rng(1)
    known = know(POSITIONS, evaluate)
    assert is_enough(known)
    # The search is another's, so that the network need only know the positions themselves.
    agreement = agree(POSITIONS, know_nothing, SEARCH, 40, rng)
    return find_policy(known, agreement, None, evaluate, rng)


def test_a_network_that_says_the_targets_follows_the_search() -> None:
    found = finding_of(told(POSITIONS, np.zeros(len(TARGETS)), TARGETS))
    assert (found.verdict, found.is_sound) == ("follows the search", True)
    assert found.numbers["top"]["1"]["value"] == pytest.approx(1.0, abs=0.03)


def test_all_moves_alike_is_called_knowing_nothing() -> None:
    found = finding_of(know_nothing)
    assert (found.verdict, found.is_sound) == ("knows nothing yet", False)
    assert found.numbers["top"]["1"]["value"] < 2 * found.numbers["chance"]


@pytest.mark.parametrize("cells", [[12], [7, 17]])
def test_one_cell_first_in_every_position_is_called_collapsed(cells: list[int]) -> None:
    bias = np.zeros(SIZE * SIZE)
    bias[cells] = 9.0
    rng = np.random.default_rng(2)
    found = finding_of(
        with_logits(lambda seen: bias + rng.standard_normal(seen.shape)),
    )
    assert (found.verdict, found.is_sound) == ("collapsed", False)
    assert found.numbers["favourite"]["cell"] == cells[0]
    assert "one cell is its first choice" in found.sentence


def test_random_preferences_do_not_follow_the_search() -> None:
    rng = np.random.default_rng(3)
    found = finding_of(with_logits(lambda seen: 2 * rng.standard_normal(seen.shape)))
    assert (found.verdict, found.is_sound) == ("does not follow the search", False)


def test_a_policy_much_sharper_than_its_targets_is_called_too_sure() -> None:
    found = finding_of(told(POSITIONS, np.zeros(len(TARGETS)), 8 * TARGETS))
    assert found.verdict == "too sure"


def test_ranks_are_counted_from_the_best_and_ties_share_their_places() -> None:
    alike = know(POSITIONS, know_nothing)
    empty = (alike.rows.cells == 0).sum(1)
    assert alike.rank.tolist() == [(count - 1) // 2 for count in empty.tolist()]
    assert alike.entropy == pytest.approx(np.log(empty))


def test_a_policy_that_says_the_search_agrees_with_it_in_all_positions() -> None:
    # A search of 1 simulation of an even network returns its own policy, but for what is proven.
    rng = np.random.default_rng(4)
    one = SEARCH.model_copy(update={"simulations": 1, "candidates": 1, "connections": False})
    same = agree(POSITIONS, told_by_stones(), one, 60, rng)
    assert same.positions == 60
    assert same.same.value > 0.8
    assert agree(POSITIONS, know_nothing, SEARCH, 60, rng).same.value < same.same.value


def told_by_stones() -> Evaluate:
    """Prefer cells by their number."""
    return with_logits(lambda seen: np.broadcast_to(np.linspace(0, 9, SIZE * SIZE), seen.shape))


def test_too_few_positions_are_not_called_fine() -> None:
    known = know(unseen(10, 5), know_nothing)
    assert not is_enough(known)
    assert not too_few(known).is_sound


def test_stages_and_plies_hold_every_position_once() -> None:
    found = finding_of(know_nothing)
    known = know(POSITIONS, know_nothing)
    stages, plies = found.numbers["stages"], found.numbers["entropy_by_ply"]
    assert sum(stage["positions"] for stage in stages.values()) == len(known.rank)
    assert sum(plies["positions"]) == len(known.rank)
    assert plies["policy"] == pytest.approx(plies["even"])


def test_the_command_says_and_writes_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, results = tmp_path / "run", tmp_path / "results"
    save_checkpoint(run / "checkpoints", made(3))
    stored(run / "games" / "3x3", random_block(3, 300, 1))
    options = {"every": True, "simulations": 4, "searched": 20, "json_output": True}
    status = probe_policy(run, results=results, **options)
    said = json.loads(capsys.readouterr().out)
    assert said["is_sound"] == (status == 0)
    assert said["numbers"]["search"]["positions"] == 20
    assert (Path(said["folder"]) / "picture.png").read_bytes()[:4] == b"\x89PNG"
    assert probe_policy(run, results=results, **options) == status
    again = json.loads(capsys.readouterr().out)
    assert again["numbers"] == said["numbers"]
    assert probe_policy(run, results=results) == 1
    assert "too few positions" in capsys.readouterr().out
