"""The light prediction of what a step does to the entropy of the policy."""

import numpy as np
import pytest
import torch
from entropy_material import SIZE, learned, random_vector, some_rows
from torch import Tensor

from hexray.net.entropy import draw_moves, entropy_change, entropy_scores
from hexray.net.model import HexNet, input_planes
from hexray.probes.entropy.one import subject_of
from hexray.probes.entropy.settings import EntropySettings

DRAWS = 8


def material(precision: str = "float64") -> tuple[HexNet, dict, Tensor, Tensor]:
    net = subject_of(learned(), EntropySettings.model_validate({"precision": precision})).net
    cells = some_rows(64, 7).cells
    cells = cells[(cells == 0).any(1)]
    weights = {name: weight.detach().clone() for name, weight in net.named_parameters()}
    planes = input_planes(cells, SIZE, torch.device("cpu")).to(next(net.parameters()).dtype)
    return net, weights, planes, torch.from_numpy(cells == 0)


def mean_entropy(net: HexNet, planes: Tensor, empty: Tensor) -> float:
    with torch.no_grad():
        logits = net(planes)[0].double().masked_fill(~empty, -torch.inf)
    return float(torch.distributions.Categorical(logits=logits).entropy().mean())


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_exact_change_is_that_of_two_networks(precision: str) -> None:
    net, before, planes, empty = material(precision)
    after = {name: part + 0.01 * random_vector(net, 1)[name] for name, part in before.items()}
    _, exact = entropy_change(net, before, after, planes, empty, DRAWS, np.random.default_rng(0))
    old = mean_entropy(net, planes, empty)
    net.load_state_dict(after, strict=False)
    assert exact == pytest.approx(mean_entropy(net, planes, empty) - old, abs=1e-6)
    assert abs(exact) > 1e-3


def test_the_prediction_is_right_on_average() -> None:
    """Within 4 standard errors of 200 predictions of a step so small that first order is all."""
    net, before, planes, empty = material()
    after = {name: part + 1e-6 * random_vector(net, 2)[name] for name, part in before.items()}
    rng = np.random.default_rng(1)
    found = [entropy_change(net, before, after, planes, empty, DRAWS, rng) for _ in range(200)]
    predicted, exact = np.array(found).T
    assert np.ptp(exact) == 0
    error = predicted.std(ddof=1) / 200**0.5
    assert abs(predicted.mean() - exact[0]) < 4 * error
    assert error < 0.1 * abs(exact[0])


def test_no_step_is_no_change_and_the_network_stays_as_it_was() -> None:
    net, before, planes, empty = material()
    net.train()
    state = {name: part.clone() for name, part in net.state_dict().items()}
    rng = np.random.default_rng(0)
    assert entropy_change(net, before, before, planes, empty, DRAWS, rng) == (0.0, 0.0)
    assert net.training
    assert all(torch.equal(part, state[name]) for name, part in net.state_dict().items())


def test_moves_are_drawn_as_often_as_the_policy_says() -> None:
    """100,000 draws; each share is within 5 standard errors."""
    policy = torch.tensor([[0.5, 0.0, 0.2, 0.3]], dtype=torch.float64).clamp(min=1e-300).log()
    moves = draw_moves(policy, 100_000, np.random.default_rng(0))
    shares = np.bincount(moves[0].numpy(), minlength=4) / 100_000
    np.testing.assert_allclose(shares, [0.5, 0, 0.2, 0.3], atol=5 * 0.5 / 100_000**0.5)
    assert shares[1] == 0


def test_each_draw_is_less_the_mean_of_the_others() -> None:
    policy = torch.tensor([[0.5, 0.25, 0.25]], dtype=torch.float64).log()
    found = entropy_scores(policy, torch.tensor([[0, 1, 1]]))
    # log 2 = 0.6931: -(S - b)/3 is -(-.6931 + 1.3863)/3 for the first, once, and
    # -(-1.3863 + (0.6931 + 1.3863)/2)/3 for each of the two others.
    assert found[0].tolist() == pytest.approx([-0.693147 / 3, 2 * 0.346574 / 3, 0.0], abs=1e-6)
    with pytest.raises(ValueError, match="needs two"):
        entropy_scores(policy, torch.tensor([[0]]))


def test_a_board_without_an_empty_cell_counts_as_unchanged() -> None:
    net, before, planes, empty = material()
    after = {name: part + 0.01 * random_vector(net, 1)[name] for name, part in before.items()}
    full = torch.cat([planes, planes]), torch.cat([empty, torch.zeros_like(empty)])
    alone = entropy_change(net, before, after, planes, empty, DRAWS, np.random.default_rng(0))
    both = entropy_change(net, before, after, *full, DRAWS, np.random.default_rng(0))
    assert both == pytest.approx([part / 2 for part in alone], rel=1e-9)
