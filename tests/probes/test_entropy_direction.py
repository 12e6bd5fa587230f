"""Directions of the entropy probe: the optimizer's own, and how they bend with the gradient."""

import numpy as np
import pytest
import torch
from entropy_material import changed, learned, random_vector
from torch import Tensor

from hexray.errors import SettingsError
from hexray.net.entropy import Vector
from hexray.probes.entropy.derivative import linearised
from hexray.probes.entropy.direction import Memory, direction, tied
from hexray.probes.entropy.one import Subject, subject_of
from hexray.probes.entropy.settings import EntropySettings
from hexray.probes.entropy.truth import make_step

EXACT = EntropySettings(precision="float64")
KINDS = [("muon", "batch", True), ("muon", "none", False), ("adamw", "batch", False)]


def subject(optimizer: str, norm: str, half_turn: bool, **changes: object) -> Subject:
    return subject_of(changed(learned(optimizer, norm, half_turn), **changes), EXACT)


def dot(one: Vector, other: Vector) -> float:
    return sum(float((one[name] * other[name]).sum()) for name in one)


def flat(vector: Vector) -> Tensor:
    return torch.cat([vector[name].flatten() for name in sorted(vector)])


@pytest.mark.parametrize("kind", [*KINDS, ("adamw", "none", True), ("muon", "batch", False)])
@pytest.mark.parametrize("rate", [1e-3, 0.3])
def test_the_direction_is_where_the_real_optimizer_goes(
    kind: tuple[str, str, bool], rate: float
) -> None:
    net, optimizer, memory, _ = subject(*kind, weight_decay=0.1)
    gradient = random_vector(net, 1, 1e-2)
    expected = direction(gradient, memory, "optimizer")
    _, way = make_step(net, optimizer, gradient, rate, memory.half_turn)
    for name, part in way.items():
        error = (part / rate - expected[name]).norm() / expected[name].norm()
        assert error < 1e-5, (name, float(error))


def test_the_direction_in_float32_is_that_of_the_real_optimizer_too() -> None:
    net, optimizer, memory, _ = subject_of(learned(), EntropySettings())
    gradient = random_vector(net, 1, 1e-2)
    expected = flat(direction(gradient, memory, "optimizer"))
    # A large step, so that what it adds to the weights is not rounded away.
    _, way = make_step(net, optimizer, gradient, 1.0, memory.half_turn)
    assert float((flat(way) - expected).norm() / expected.norm()) < 1e-5


def test_steps_of_tied_weights_are_tied() -> None:
    net, _, memory, _ = subject("muon", "batch", True)
    found = direction(random_vector(net, 1), memory, "optimizer")
    again = tied(found, memory)
    assert all(torch.allclose(found[name], again[name], atol=1e-12) for name in found)
    assert not torch.equal(found["stem.conv.weight"], random_vector(net, 1)["stem.conv.weight"])


def test_the_step_of_adam_alone_is_the_gradient_over_root_mean_squares() -> None:
    found = learned("adamw", "batch", False)
    net, _, memory, _ = subject_of(found, EXACT)
    gradient = random_vector(net, 2)
    step = direction(gradient, memory, "adam")
    for name, moments in found.state["optimizer"].items():
        if not moments:
            continue
        square = moments["exp_avg_sq"].double().numpy()
        root = np.sqrt(square / (1 - 0.999 ** int(moments["step"])))
        expected = -gradient[name].numpy() / (root + 1e-8)
        np.testing.assert_allclose(step[name].numpy(), expected, rtol=1e-9)


def test_adam_alone_is_refused_where_muon_moves_kernels() -> None:
    net, _, memory, _ = subject("muon", "batch", True)
    with pytest.raises(SettingsError, match=r"direction = adam.*Muon moves it"):
        direction(random_vector(net, 1), memory, "adam")


def test_adam_alone_is_refused_before_the_first_step() -> None:
    net, _, memory, _ = subject("adamw", "batch", True)
    with pytest.raises(SettingsError, match="never moved"):
        direction(random_vector(net, 1), memory._replace(moments={}), "adam")


@pytest.mark.parametrize("kind", [KINDS[2], ("adamw", "none", True)])
def test_the_derivative_of_adamw_is_what_differences_say(kind: tuple[str, str, bool]) -> None:
    net, _, memory, _ = subject(*kind)
    at, change = random_vector(net, 1, 1e-2), random_vector(net, 2, 1e-2)
    expected = _difference(at, change, memory, 1e-5)
    found = flat(linearised(at, memory, "optimizer").push(change))
    assert float((found - expected).norm() / expected.norm()) < 1e-5


def test_the_derivative_of_muon_is_that_of_its_polynomial_of_singular_values() -> None:
    net, _, memory, _ = subject("muon", "batch", False)
    name = "blocks.0.first.conv.weight"
    at, change = random_vector(net, 1, 1e-2), random_vector(net, 2, 1e-2)
    found = linearised(at, memory, "optimizer").push(change)[name]
    step = 1e-5
    ahead = _slow_muon(at[name] + step * change[name], name, memory)
    behind = _slow_muon(at[name] - step * change[name], name, memory)
    expected = (ahead - behind) / (2 * step)
    np.testing.assert_allclose(
        found.permute(0, 2, 3, 1).flatten(1).numpy(), expected, atol=1e-6 * np.abs(expected).max()
    )


def test_the_rounded_direction_of_muon_is_near_that_of_its_polynomial() -> None:
    net, _, memory, _ = subject("muon", "batch", False, weight_decay=0.0)
    name, at = "blocks.0.first.conv.weight", random_vector(net, 1, 1e-2)
    found = direction(at, memory, "optimizer")[name].permute(0, 2, 3, 1).flatten(1).numpy()
    expected = _slow_muon(at[name], name, memory)
    assert np.linalg.norm(found - expected) < 0.02 * np.linalg.norm(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_pulling_back_is_the_transpose_of_pushing(kind: tuple[str, str, bool]) -> None:
    net, _, memory, _ = subject(*kind)
    linear = linearised(random_vector(net, 1, 1e-2), memory, "optimizer")
    one, other = random_vector(net, 2), random_vector(net, 3)
    assert dot(other, linear.push(one)) == pytest.approx(dot(linear.pull(other), one), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_many_are_pushed_as_one_by_one(kind: tuple[str, str, bool]) -> None:
    net, _, memory, _ = subject(*kind)
    linear = linearised(random_vector(net, 1, 1e-2), memory, "optimizer")
    changes = [random_vector(net, seed) for seed in (2, 3, 4)]
    stacked = {name: torch.stack([change[name] for change in changes]) for name in changes[0]}
    together = linear.push_all(stacked)
    for index, change in enumerate(changes):
        alone = linear.push(change)
        for name, part in alone.items():
            torch.testing.assert_close(together[name][index], part, rtol=1e-9, atol=1e-12)


def _difference(at: Vector, change: Vector, memory: Memory, step: float) -> Tensor:
    ahead = {name: part + step * change[name] for name, part in at.items()}
    behind = {name: part - step * change[name] for name, part in at.items()}
    one, other = (flat(direction(each, memory, "optimizer")) for each in (ahead, behind))
    return (one - other) / (2 * step)


def _slow_muon(gradient: Tensor, name: str, memory: Memory) -> np.ndarray:
    """Return Muon's direction without decay and without rounding, by singular values.

    Jordan 2024: each is taken five times through 3.4445 s - 4.775 s^3 + 2.0315 s^5. Momentum is
    0.95 by Nesterov, the rate three times AdamW's, the scale 0.2 times the root of the longer side.
    """
    matrix = gradient.permute(0, 2, 3, 1).flatten(1).numpy()
    buffer = 0.95 * memory.moments[name]["momentum_buffer"].numpy() + 0.05 * matrix
    update = 0.05 * matrix + 0.95 * buffer
    left, singular, right = np.linalg.svd(update / np.linalg.norm(update), full_matrices=False)
    for _ in range(5):
        singular = 3.4445 * singular - 4.775 * singular**3 + 2.0315 * singular**5
    return -3.0 * 0.2 * max(matrix.shape) ** 0.5 * (left * singular) @ right
