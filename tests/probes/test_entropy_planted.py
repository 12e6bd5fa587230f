"""A defect planted in the real estimator is found by batch-scaling, which else is content."""

import math

import pytest
from made_checkpoints import made
from torch import Tensor
from training_rows import random_rows

from hexray.net.entropy import Vector
from hexray.net.model import HexNet
from hexray.probes.entropy import estimate
from hexray.probes.entropy.plan import study_settings, tasks_of
from hexray.probes.entropy.policy import Units
from hexray.probes.entropy.scaling import CONVERGES, DEFECT, scaling
from hexray.probes.entropy.study import Material, measured_here
from hexray.probes.finding import Finding

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
"""Of torch itself, where it first differentiates forward."""


def found(runs: int) -> Finding:
    settings = study_settings(
        {
            "evaluation_positions": [8, 32, 128],
            "runs": runs,
            "update_positions": 32,
            "draws": 16,
            "micro_batch": 8,
            "trace_units": 1,
            "rows": 2000,
        },
        "here",
    )
    material = Material(made(1), random_rows(2000, 3), 3, settings)
    return scaling(list(measured_here(material, tasks_of("batch-scaling", settings))))


def test_the_estimator_converges() -> None:
    # Seeds are fixed; the verdict is wrong about once in 100 of them.
    healthy = found(14)
    assert healthy.verdict == CONVERGES, healthy.sentence


def test_a_mean_divided_once_more_by_the_number_of_micro_batches_scales_as_one_over_b(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = estimate.projections

    def divided(net: HexNet, units: Units, direction: Vector, micro_batch: int) -> Tensor:
        parts = math.ceil(len(units.planes) / micro_batch)
        return real(net, units, direction, micro_batch) / parts

    monkeypatch.setattr(estimate, "projections", divided)
    planted = found(6)
    assert planted.verdict == DEFECT, planted.sentence
