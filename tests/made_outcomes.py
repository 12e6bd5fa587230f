"""Outcomes of entropy probes as an estimator of known behaviour would give them."""

from collections.abc import Sequence

import numpy as np

from hexray.probes.entropy.one import Single
from hexray.probes.entropy.plan import Task
from hexray.probes.entropy.study import Outcome

NOTHING = Single(**dict.fromkeys(Single._fields, 0.0))


def scaling_outcomes(
    sizes: Sequence[int],
    runs: int,
    rng: np.random.Generator,
    noise: float,
    power: float = 0.0,
    change: float = -0.01,
) -> list[Outcome]:
    """Predict ``change`` times (B / smallest)**power; the noise is a share of it at the smallest.

    The exact change differs a little from run to run, as the positions do.
    """
    outcomes = []
    for size in sizes:
        for _ in range(runs):
            growth = size / sizes[0]
            exact = change * (1 + 0.05 * rng.standard_normal() / growth**0.5)
            error = change * noise * rng.standard_normal() / growth**0.5
            single = NOTHING._replace(
                predicted=(exact + error) * growth**power, first_order=exact, exact=exact
            )
            task = Task(len(outcomes) + 1, "fixed", size, 1, 2, 3)
            outcomes.append(Outcome(task, single))
    return outcomes


def checking_outcomes(
    runs: int,
    rng: np.random.Generator,
    bias: float = 0.0,
    spread: float = 1.0,
    change: float = -0.01,
) -> list[Outcome]:
    """Predict with errors of ``spread`` times the standard errors stated, and off by ``bias``."""
    outcomes = []
    of_arm = {"fixed": (0.1, 0.0), "redrawn": (0.1, 0.15)}
    for arm, (given, further) in of_arm.items():
        for _ in range(runs):
            first_order = change * (1 + further * spread * rng.standard_normal())
            error = change * given * spread * rng.standard_normal()
            total = abs(change) * float(np.hypot(given, further))
            single = NOTHING._replace(
                entropy=2.0,
                predicted=first_order + error + bias,
                first_order=first_order,
                exact=1.02 * first_order,
                sampled=1.02 * first_order,
                se_given_update=abs(change) * given,
                se_total=total,
                u_statistic=change + total * rng.standard_normal(),
                u_statistic_se=total,
                effective_share=0.99,
            )
            task = Task(len(outcomes) + 1, "fixed" if arm == "fixed" else "redrawn", 128, 1, 2, 3)
            outcomes.append(Outcome(task, single))
    return outcomes


def without(outcomes: Sequence[Outcome], numbers: Sequence[int]) -> list[Outcome]:
    """Let the runs of these numbers fail."""
    return [
        Outcome(each.task, None, "Traceback:\nValueError: broken\n")
        if each.task.number in numbers
        else each
        for each in outcomes
    ]
