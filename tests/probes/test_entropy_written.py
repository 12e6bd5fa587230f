"""What an entropy probe leaves in its folder."""

import csv
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from made_checkpoints import made
from made_outcomes import NOTHING, checking_outcomes, scaling_outcomes, without
from matplotlib.figure import Figure
from safetensors.torch import load_file
from training_rows import random_rows

from hexray.data.rows import Rows
from hexray.probes.entropy.checking import checked
from hexray.probes.entropy.one import probe_in_detail
from hexray.probes.entropy.pictures import draw_checked, draw_scaling, draw_single
from hexray.probes.entropy.scaling import scaling
from hexray.probes.entropy.sentence import single
from hexray.probes.entropy.settings import EntropySettings
from hexray.probes.entropy.study import Outcome
from hexray.probes.entropy.written import write_detail, write_failure, write_study
from hexray.probes.finding import Finding

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
"""Of torch itself, where it first differentiates forward."""
SIZES = (32, 64, 128, 256)


def _scaling(found: Finding, outcomes: list[Outcome], figure: Figure) -> None:
    draw_scaling(figure, found, outcomes)


def _checked(found: Finding, outcomes: list[Outcome], figure: Figure) -> None:
    draw_checked(figure, found, outcomes)


def test_every_run_has_a_line_and_failed_ones_say_why(tmp_path: Path) -> None:
    outcomes = without(scaling_outcomes(SIZES, 6, np.random.default_rng(1), 0.3), [2])
    write_study(tmp_path, scaling(outcomes), outcomes, None)
    with (tmp_path / "runs.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [int(line["number"]) for line in lines] == list(range(1, 25))
    assert lines[1]["error"] == "ValueError: broken"
    assert lines[1]["predicted"] == ""
    assert outcomes[0].single is not None
    assert float(lines[0]["predicted"]) == outcomes[0].single.predicted
    results = json.loads((tmp_path / "results.json").read_text())
    assert len(results["numbers"]["each_run"]) == 24
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["numbers"]["failed"] == 1
    assert "each_run" not in summary["numbers"]
    assert summary["verdict"] == results["verdict"]


def test_a_failed_run_has_a_folder_with_its_own_error(tmp_path: Path) -> None:
    (lost,) = without(scaling_outcomes((32,), 1, np.random.default_rng(1), 0.3), [1])
    write_failure(tmp_path, lost)
    assert (tmp_path / "failed" / "0001" / "error.txt").read_text().endswith("ValueError: broken\n")


def test_details_hold_gradients_and_the_way_that_the_weights_went(tmp_path: Path) -> None:
    rows = random_rows(20, 3)
    first, second = (
        Rows._make(column[part] for column in rows) for part in (slice(8), slice(8, 20))
    )
    settings = EntropySettings(draws=2, learning_rate=0.5)
    single, detail = probe_in_detail(made(1), second, first, 3, settings, 1)
    write_detail(tmp_path, detail)
    found = load_file(tmp_path / "detail.safetensors")
    names = [name.removeprefix("way/") for name in found if name.startswith("way/")]
    assert names
    # To first order the change is the way of all weights along the gradient of the entropy.
    along = sum(
        float((found[f"entropy_gradient/{name}"] * found[f"way/{name}"].double()).sum())
        for name in names
    )
    assert along == pytest.approx(single.predicted, rel=0.02)
    change = found["entropy_after"] - found["entropy_before"]
    assert float(change.mean()) == pytest.approx(single.exact)


def test_pictures_are_drawn_of_studies_that_are_whole_cut_short_or_empty(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    whole = scaling_outcomes(SIZES, 6, rng, 0.3)
    for outcomes in (whole, whole[:6], without(whole, range(1, 25))):
        found = scaling(outcomes)
        write_study(tmp_path, found, outcomes, partial(_scaling, found, outcomes))
        assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"
    both = checking_outcomes(20, rng)
    for outcomes in (both, both[:20], without(both, range(1, 41))):
        found = checked(outcomes, 128)
        write_study(tmp_path, found, outcomes, partial(_checked, found, outcomes))
    found = single("entropy single", NOTHING)
    write_study(tmp_path, found, whole[:1], lambda figure: draw_single(figure, NOTHING, found))


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    outcomes = scaling_outcomes(SIZES, 6, np.random.default_rng(1), 0.3)
    found = scaling(outcomes)._replace(numbers={"bad": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        write_study(tmp_path, found, outcomes, None)
