"""Fresh networks of every shape begin without an opinion, and one that has one is found."""

import math
from pathlib import Path

import numpy as np
import pytest

from hexray.config import NetSettings
from hexray.net import model
from hexray.probes.finding import write_finding
from hexray.probes.fresh import draw_init, judge_init, random_positions, shapes_of

NET = NetSettings(blocks=2, channels=8, value_hidden=8)
CELLS = random_positions(4, 64, np.random.default_rng(0))


def test_fresh_networks_of_every_shape_call_all_even_and_all_moves_alike(tmp_path: Path) -> None:
    shapes = shapes_of(NET, CELLS, 4, range(3))
    assert len(shapes) == 3 * 2 * 2
    finding = judge_init(shapes)
    assert finding.is_sound
    write_finding(tmp_path, finding, lambda figure: draw_init(figure, shapes))


def test_a_last_layer_a_hundred_times_too_large_is_found_in_every_shape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model, "OUTPUT_SCALE", 5.0)
    shapes = shapes_of(NET, CELLS, 4, range(3))
    assert not any(shape.is_sound for shape in shapes)
    finding = judge_init(shapes)
    assert not finding.is_sound
    assert finding.verdict == "a fresh network has an opinion"


def test_positions_have_moves_to_choose_from_and_stones_of_both() -> None:
    assert ((CELLS == 0).sum(1) >= 2).all()
    assert (CELLS == 1).any()
    assert (CELLS == -1).any()


def test_entropy_is_measured_over_empty_cells_in_nats() -> None:
    # Zero weights: the policy is uniform over what is empty, the value exactly even.
    from hexray.probes.fresh import _lost

    cells = np.array([[0, 0, 0, 1]], np.int8)
    assert _lost(np.zeros((1, 4)), cells) == pytest.approx(0, abs=1e-12)
    # All on one of three: log 3 is lost.
    assert _lost(np.array([[90.0, 0, 0, 99]]), cells) == pytest.approx(math.log(3))
