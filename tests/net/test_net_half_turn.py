"""A network of tied weights answers a turned board with the turned answer, whatever it learns."""

import numpy as np
import pytest
import torch
from training_rows import random_rows

from hexray.config import LearnerSettings, NetSettings
from hexray.data.rows import Further
from hexray.errors import CheckpointError
from hexray.game.symmetry import half_turn
from hexray.net.half_turn import HalfTurn
from hexray.net.loss import HEADS
from hexray.net.model import HexNet, input_planes
from hexray.net.trainer import Trainer, fresh_weights

SHAPES = [
    NetSettings(blocks=2, channels=8, kind=kind, norm=norm, stem=stem)
    for kind, norm, stem in (
        ("pooled", "batch", 3),
        ("pooled", "none", 5),
        ("resnet", "batch", 5),
        ("simple", "none", 3),
    )
]
WEIGHTS = {f"{name}_weight": 0.1 for name in HEADS}


def learner(**changes: object) -> LearnerSettings:
    return LearnerSettings(batch_rows=16, batches=2, precision="float32", **changes)


def trained(net: NetSettings, settings: LearnerSettings, size: int = 5) -> Trainer:
    trainer = Trainer(net, settings, size, seed=3)
    rows = random_rows(32, size, 4, Further(reply=True, owner=True))
    for progress in (0.0, 0.5):
        trainer.train(rows, size, progress)
    return trainer


def answers(weights: dict[str, np.ndarray], net: NetSettings, cells: np.ndarray) -> list:
    served = HexNet(net, normalised=False).eval()
    served.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    size = int(cells.shape[1] ** 0.5)
    with torch.no_grad():
        logits, value = served(input_planes(cells, size, torch.device("cpu")))
    return [logits.numpy(), value.numpy()]


@pytest.mark.parametrize("net", SHAPES)
@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
@pytest.mark.parametrize("size", [5, 6])
def test_turned_boards_get_turned_answers(net: NetSettings, optimizer: str, size: int) -> None:
    weights = trained(net, learner(optimizer=optimizer, **WEIGHTS), size).published()
    cells = random_rows(20, size, seed=5).cells
    logits, value = answers(weights, net, cells)
    turned_logits, turned_value = answers(weights, net, half_turn(cells))
    np.testing.assert_allclose(turned_value, value, atol=1e-5)
    np.testing.assert_allclose(turned_logits, half_turn(logits), atol=1e-5)
    assert np.ptp(value) > 1e-4, "the network tells nothing apart"


def test_without_tied_weights_answers_differ() -> None:
    net = SHAPES[0].model_copy(update={"half_turn": False})
    cells = random_rows(20, 5, seed=5).cells
    weights = trained(net, learner()).published()
    value, turned = (answers(weights, net, board)[1] for board in (cells, half_turn(cells)))
    assert np.abs(value - turned).max() > 1e-4


def test_a_fresh_network_is_tied_too() -> None:
    cells = random_rows(20, 5, seed=5).cells
    weights = fresh_weights(SHAPES[0], seed=1)
    value, turned = (answers(weights, SHAPES[0], board)[1] for board in (cells, half_turn(cells)))
    np.testing.assert_allclose(value, turned, atol=1e-6)


@pytest.mark.parametrize("net", SHAPES)
def test_tying_twice_changes_nothing(net: NetSettings) -> None:
    model = HexNet(net, heads=HEADS)
    state, half = model.state_dict(), HalfTurn(model)
    half.tie(state)
    once = {name: tensor.clone() for name, tensor in state.items()}
    half.tie(state)
    for name, tensor in state.items():
        torch.testing.assert_close(tensor, once[name])
    half.check(state)


def test_all_of_a_gradient_that_can_be_kept_is_kept() -> None:
    """The tied gradient is the one of a batch that holds every board both ways."""
    torch.manual_seed(0)
    net = HexNet(SHAPES[1]).double()
    half = HalfTurn(net)
    half.tie(net.state_dict())
    cells = random_rows(8, 5, seed=6).cells
    planes = input_planes(cells, 5, torch.device("cpu")).double()

    def gradients(boards: torch.Tensor) -> dict[str, torch.Tensor | None]:
        net.zero_grad()
        logits, value = net(boards)
        (logits.logsumexp(1).mean() + value.square().mean()).backward()
        return {name: weight.grad for name, weight in net.named_parameters()}

    both = {
        name: g.clone() for name, g in gradients(torch.cat((planes, planes.flip(2, 3)))).items()
    }
    tied = gradients(planes)
    half.tie(tied)
    for name, gradient in tied.items():
        torch.testing.assert_close(gradient, both[name])


def test_weights_of_an_untied_run_are_refused_with_the_setting() -> None:
    free = SHAPES[0].model_copy(update={"half_turn": False})
    state = trained(free, learner()).state()
    with pytest.raises(CheckpointError, match=r"net\.half_turn false"):
        Trainer(SHAPES[0], learner(), 5, seed=0).load_state(state)
    Trainer(free, learner(), 5, seed=0).load_state(state)
