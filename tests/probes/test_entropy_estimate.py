"""Estimates of the entropy probe, beside slow sums, exact gradients and many repetitions.

Repetitions draw positions, with repetition, from a pool that is the whole population; so what is
estimated is known, as a sum over all positions and moves. All seeds are fixed.
"""

from functools import cache

import numpy as np
import pytest
import torch
from entropy_material import Pool, learned, pool_of, random_vector
from torch import Tensor

from hexray.net.entropy import Vector, draw_moves, entropy_scores, log_policy, policy_along
from hexray.net.model import HexNet
from hexray.probes.entropy.estimate import (
    Step,
    estimated,
    single_batch,
    step_of,
    variances_of,
)
from hexray.probes.entropy.one import Subject, subject_of
from hexray.probes.entropy.policy import (
    Units,
    mean_vector,
    projections,
    projections_on_all,
    unit_vectors,
)
from hexray.probes.entropy.settings import EntropySettings

EXACT = EntropySettings(precision="float64")
COVERED = (0.93, 0.97)
"""Of 2 standard errors, as a share of the repetitions; a normal error is covered in 95.4 %."""


@cache
def subject(optimizer: str = "adamw") -> Subject:
    return subject_of(learned(optimizer, "batch", optimizer == "muon"), EXACT)


@cache
def pool(optimizer: str = "adamw") -> Pool:
    return pool_of(subject(optimizer).net, 200)


def slope_along(net: HexNet, population: Pool, way: Vector) -> float:
    """The exact derivative of the population's mean entropy, by a sum over all moves."""
    policy, change = policy_along(net, way, population.planes, population.empty)
    return -float((policy.exp() * (policy + 1) * change).sum(1).mean())


def one_by_one(net: HexNet, units: Units) -> Tensor:
    """All units as rows of a matrix, each by a backward pass of its own through a softmax."""
    rows = []
    weights = dict(net.named_parameters())
    for planes, empty, factors in zip(*units, strict=True):
        logits = net(planes[None])[0][0]
        log_p = logits[empty] - torch.logsumexp(logits[empty], 0)
        found = torch.autograd.grad(
            (factors[empty] * log_p).sum(), list(weights.values()), allow_unused=True
        )
        rows.append(
            torch.cat(
                [
                    torch.zeros_like(weight).flatten() if part is None else part.flatten()
                    for weight, part in zip(weights.values(), found, strict=True)
                ]
            )
        )
    return torch.stack(rows)


def as_row(net: HexNet, vector: Vector) -> Tensor:
    return torch.cat(
        [
            vector.get(name, torch.zeros_like(weight)).detach().flatten()
            for name, weight in net.named_parameters()
        ]
    )


def drawn(count: int, seed: int, draws: int = 4) -> tuple[Units, Units]:
    return pool().drawn(count, draws, np.random.default_rng(seed))


def test_projections_means_and_units_are_those_of_single_backward_passes() -> None:
    net = subject().net
    units, _ = drawn(7, 0)
    slow = one_by_one(net, units)
    ways = [random_vector(net, seed) for seed in (1, 2)]
    stacked = {name: torch.stack([way[name] for way in ways]) for name in ways[0]}
    expected = torch.stack([slow @ as_row(net, way) for way in ways])
    torch.testing.assert_close(projections(net, units, ways[0], 3), expected[0])
    torch.testing.assert_close(projections_on_all(net, units, stacked, 4), expected)
    torch.testing.assert_close(as_row(net, mean_vector(net, units, 2)), slow.mean(0))
    each = unit_vectors(net, units)
    for index in range(7):
        own = {name: part[index] for name, part in each.items()}
        torch.testing.assert_close(as_row(net, own), slow[index])


def test_the_mean_of_x_over_many_draws_is_the_exact_gradient() -> None:
    """Within 3 standard errors along 6 fixed directions, of 512,000 moves in 64 positions."""
    net, population = subject().net, pool()
    ways = [random_vector(net, seed, 0.1) for seed in range(5)]
    ways.append(step_of(net, drawn(64, 1)[1], subject().memory, "optimizer", 64).direction)
    rng = np.random.default_rng(2)
    held = Units(*(part[:64] for part in population[:3]))
    for way in ways:
        policy, change = policy_along(net, way, held.planes, held.empty)
        exact = -float((policy.exp() * (policy + 1) * change).sum(1).mean())
        means = torch.stack(
            [
                (entropy_scores(policy, draw_moves(policy, 8, rng)) * change).sum(1).mean()
                for _ in range(1000)
            ]
        )
        error = float(means.std()) / 1000**0.5
        assert abs(float(means.mean()) - exact) < 3 * error
        assert error < 0.1 * abs(exact), "too few draws to tell"


def test_the_exact_derivative_is_that_of_a_plain_entropy() -> None:
    net, population = subject().net, pool()
    logits = net(population.planes)[0].masked_fill(~population.empty, -torch.inf)
    plain = torch.distributions.Categorical(logits=logits).entropy().mean()
    weights = dict(net.named_parameters())
    found = torch.autograd.grad(plain, list(weights.values()), allow_unused=True)
    gradient = {name: g for name, g in zip(weights, found, strict=True) if g is not None}
    way = random_vector(net, 3)
    expected = float(as_row(net, gradient) @ as_row(net, way))
    assert slope_along(net, population, way) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_variances_are_those_of_all_pairs_written_down(optimizer: str) -> None:
    net, _, memory, _ = subject(optimizer)
    rng = np.random.default_rng(3)
    ours, own = pool(optimizer).drawn(9, 4, rng)
    _, theirs = pool(optimizer).drawn(6, 4, rng)
    step, other = (step_of(net, units, memory, "optimizer", 4) for units in (theirs, own))
    found = estimated(net, ours, theirs, step, other.linear, 9, 4, rng)
    x, g = one_by_one(net, ours), one_by_one(net, theirs)
    y = pushed(net, step, g - g.mean(0)) + as_row(net, step.direction)
    there = pushed(net, other, g - g.mean(0))
    mean_x, mean_y = x.mean(0), y.mean(0)
    expected = (
        float((((x - mean_x) @ mean_y) ** 2).sum()) / (9 * 8),
        float((((y - mean_y) @ mean_x) * ((y - mean_y + there) / 2 @ mean_x)).sum()) / (6 * 5),
        float((((x - mean_x) @ (y - mean_y).T) ** 2).sum()) / (9 * 6 * 8 * 5),
    )
    assert found.variances == pytest.approx(expected, rel=1e-7)
    assert found.predicted == pytest.approx(float(mean_x @ mean_y), rel=1e-7)
    assert found.se_total == pytest.approx((expected[0] + expected[1] - expected[2]) ** 0.5)


def test_part_of_the_trace_term_stands_for_all_of_it() -> None:
    net, memory = subject().net, subject().memory
    (ours, _), (_, theirs) = drawn(40, 4), drawn(30, 5)
    step = step_of(net, theirs, memory, "optimizer", 32)

    def trace(units: int, seed: int) -> float:
        rng = np.random.default_rng(seed)
        return estimated(net, ours, theirs, step, step.linear, units, 32, rng).variances[2]

    parts = np.array([trace(16, seed) for seed in range(60)])
    error = parts.std(ddof=1) / 60**0.5
    assert abs(parts.mean() - trace(40, 0)) < 4 * error
    assert error < 0.2 * parts.mean()


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_the_u_statistic_and_its_jackknife_are_those_of_all_pairs(optimizer: str) -> None:
    net, _, memory, _ = subject(optimizer)
    ours, theirs = pool(optimizer).drawn(8, 4, np.random.default_rng(6))
    step = step_of(net, theirs, memory, "optimizer", 8)
    slope = mean_vector(net, ours, 8)
    value, error = single_batch(net, ours, theirs, step, slope, 3)
    x, g = one_by_one(net, ours), one_by_one(net, theirs)
    products = x @ (pushed(net, step, g - g.mean(0)) + as_row(net, step.direction)).T

    def pairs(kept: list[int]) -> float:
        return float(np.mean([products[n, p] for n in kept for p in kept if n != p]))

    every = list(range(8))
    assert value == pytest.approx(pairs(every), rel=1e-7)
    without = np.array([pairs([n for n in every if n != left]) for left in every])
    assert error == pytest.approx((7 / 8 * ((without - without.mean()) ** 2).sum()) ** 0.5)


def pushed(net: HexNet, step: Step, rows: Tensor) -> Tensor:
    """What J makes of rows of a matrix, one at a time."""
    shapes = dict(net.named_parameters())
    found = []
    for row in rows:
        parts = row.split([weight.numel() for weight in shapes.values()])
        vector = {
            name: part.reshape(shapes[name].shape) for name, part in zip(shapes, parts, strict=True)
        }
        found.append(as_row(net, step.linear.push(vector)))
    return torch.stack(found)


def fixed_changes() -> tuple[float, Tensor]:
    """How the population's log-policies change along one step, and the exact derivative."""
    net, memory = subject().net, subject().memory
    way = step_of(net, drawn(64, 7, 8)[1], memory, "optimizer", 64).direction
    _, change = policy_along(net, way, pool().planes, pool().empty)
    return slope_along(net, pool(), way), change


def predictions(count: int, repetitions: int, seed: int) -> tuple[float, np.ndarray]:
    """Predict one fixed step from fresh evaluation batches of ``count`` positions.

    Returns the exact derivative, and of each repetition the prediction and its standard error
    given the update.
    """
    exact, change = fixed_changes()
    nothing, found = torch.zeros(2, dtype=torch.float64), []
    for rng in np.random.default_rng(seed).spawn(repetitions):
        chosen, factors, _ = pool().factors(count, 8, rng)
        by_evaluation = (factors * change[chosen]).sum(1)
        variance, _, _ = variances_of(by_evaluation, nothing, nothing)
        found.append((float(by_evaluation.mean()), variance**0.5))
    return exact, np.array(found)


def test_predictions_do_not_depend_on_the_batch_and_spread_as_its_root() -> None:
    """1000 repetitions of each size; the error of the slope is some 0.01, its bounds are 0.1."""
    sizes, spreads = [16, 32, 64, 128, 256], []
    for size in sizes:
        exact, found = predictions(size, 1000, size)
        spreads.append(found[:, 0].std(ddof=1))
        assert abs(found[:, 0].mean() - exact) < 3 * spreads[-1] / 1000**0.5, size
    slope = np.polyfit(np.log(sizes), np.log(spreads), 1)[0]
    assert -0.6 < slope < -0.4


def test_two_conditional_errors_cover_what_they_should() -> None:
    exact, found = predictions(128, 3000, 8)
    covered = np.mean(np.abs(found[:, 0] - exact) < 2 * found[:, 1])
    assert COVERED[0] <= covered <= COVERED[1]


def test_two_total_errors_cover_what_they_should() -> None:
    """The step of Adam alone is linear, so that all products of two moves can be written down.

    2000 repetitions. Batches are large, for the errors of small ones are far from normal.
    """
    few, products, exact = moves_by_moves()
    covered, count = 0, 512
    for rng in np.random.default_rng(9).spawn(2000):
        chosen, ours, _ = few.factors(count, 8, rng)
        others, _, theirs = few.factors(count, 8, rng)
        slope, gradient = (
            torch.zeros_like(few.policy).index_add_(0, at, factors) / count
            for at, factors in ((chosen, ours), (others, theirs))
        )
        by_evaluation = (ours * torch.einsum("napb,pb->na", products, gradient)[chosen]).sum(1)
        by_update = (theirs * torch.einsum("na,napb->pb", slope, products)[others]).sum(1)
        some = products[chosen[:16]][:, :, others[:16]]
        pairs = torch.einsum("na,napb,pb->np", ours[:16], some, theirs[:16])
        parts = pairs - by_update[:16] - by_evaluation[:16, None] + by_evaluation.mean()
        first, second, trace = variances_of(by_evaluation, by_update, parts)
        error = float(by_evaluation.mean()) - exact
        covered += abs(error) < 2 * (first + second - trace) ** 0.5
    assert COVERED[0] <= covered / 2000 <= COVERED[1]


def moves_by_moves() -> tuple[Pool, Tensor, float]:
    """A few positions; the product [B, A, B, A] of any two moves; the mean over all draws."""
    net, _, memory, _ = subject()
    few = Pool(*(part[:40] for part in pool()))
    count, area = few.policy.shape
    every = Units(
        few.planes.repeat_interleave(area, 0),
        few.empty.repeat_interleave(area, 0),
        torch.eye(area, dtype=torch.float64).repeat(count, 1),
    )
    vectors = unit_vectors(net, every)
    step = step_of(net, drawn(8, 1)[1], memory, "adam", 8)
    turned = step.linear.push_all({name: vectors[name] for name in step.gradient})
    products = sum(vectors[name].flatten(1) @ turned[name].flatten(1).T for name in turned)
    products = torch.as_tensor(products).unflatten(0, (-1, area)).unflatten(2, (-1, area))
    chance = few.policy.exp()
    slope = -chance * (few.policy + 1) / count
    better = few.rewards - (chance * few.rewards).sum(1, keepdim=True)
    # The mean reward of a position holds an eighth of each move's own.
    gradient = -chance * better * (1 - 1 / 8) / count
    exact = torch.einsum("na,napb,pb->", slope, products, gradient)
    return few, products, float(exact)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_two_total_errors_cover_what_real_optimizers_do(optimizer: str) -> None:
    """What a step from a fresh batch does on average is itself a mean over the repetitions."""
    net, _, memory, _ = subject(optimizer)
    population = pool(optimizer)
    found, exact = [], []
    for rng in np.random.default_rng(9).spawn(1000):
        ours, own = population.drawn(256, 8, rng)
        _, theirs = population.drawn(256, 8, rng)
        step = step_of(net, theirs, memory, "optimizer", 256)
        other = step_of(net, own, memory, "optimizer", 256)
        one = estimated(net, ours, theirs, step, other.linear, 8, 256, rng)
        found.append((one.predicted, one.se_total))
        exact.append(slope_along(net, population, step.direction))
    predicted, errors = np.array(found).T
    covered = np.mean(np.abs(predicted - np.mean(exact)) < 2 * errors)
    assert COVERED[0] <= covered <= COVERED[1]


def test_log_policies_are_of_empty_cells_and_in_float64() -> None:
    logits = torch.tensor([[1.0, 2.0, 3.0, 50.0]])
    found = log_policy(logits, torch.tensor([[True, True, True, False]]))
    assert found.dtype == torch.float64
    expected = np.exp([1.0, 2.0, 3.0]) / np.exp([1.0, 2.0, 3.0]).sum()
    np.testing.assert_allclose(found.exp()[0].numpy(), [*expected, 0.0], rtol=1e-12)
