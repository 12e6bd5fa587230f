"""The network: any board size, masks, BatchNorm folding, a neutral beginning."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from training_rows import random_rows

from hexray.config import NetSettings
from hexray.errors import CheckpointError
from hexray.net.model import HexNet, copy_weights, fold, input_planes

SETTINGS = NetSettings(blocks=2, channels=8, pool_every=2, value_hidden=8)
CPU = torch.device("cpu")


def planes_of(count: int, size: int) -> Tensor:
    return input_planes(random_rows(count, size).cells, size, CPU)


def padded(planes: Tensor, side: int) -> tuple[Tensor, Tensor]:
    count, channels, size, _ = planes.shape
    large = torch.zeros(count, channels, side, side)
    large[:, :, :size, :size] = planes
    mask = torch.zeros(count, 1, side, side)
    mask[:, :, :size, :size] = 1
    return large, mask


@pytest.fixture
def lived_in() -> HexNet:
    """A net whose weights and statistics have all left their first values."""
    torch.manual_seed(1)
    net = HexNet(SETTINGS)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    for _ in range(20):
        net(planes_of(32, 5))
    return net


@pytest.mark.parametrize("size", [2, 5, 11])
def test_one_net_answers_every_board_size(size: int) -> None:
    logits, value_logit = HexNet(SETTINGS)(planes_of(3, size))
    assert logits.shape == (3, size * size)
    assert value_logit.shape == (3,)


def test_a_fresh_net_calls_every_position_even_and_every_move_alike() -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        cells = random_rows(64, 7).cells
        logits, value_logit = HexNet(SETTINGS).eval()(input_planes(cells, 7, CPU))
        log_policy = torch.log_softmax(logits.masked_fill(torch.from_numpy(cells != 0), -1e9), 1)
        entropy = -(log_policy.exp() * log_policy).sum(1)
        most = torch.from_numpy(np.log((cells == 0).sum(1)))
        assert (entropy - most).abs().max() < 0.01
        assert torch.tanh(value_logit / 2).abs().max() < 0.05


@pytest.mark.parametrize("side", [5, 6, 9])
def test_a_board_inside_a_larger_one_gets_the_same_answers(lived_in: HexNet, side: int) -> None:
    lived_in.eval()
    planes = planes_of(8, 5)
    alone, value_alone = lived_in(planes)
    inside, value_inside = lived_in(*padded(planes, side))
    on_board = inside.unflatten(1, (side, side))[:, :5, :5].flatten(1)
    assert torch.allclose(on_board, alone, atol=1e-5)
    assert torch.allclose(value_inside, value_alone, atol=1e-5)


def test_boards_of_two_sizes_share_a_batch(lived_in: HexNet) -> None:
    lived_in.eval()
    small, small_mask = padded(planes_of(4, 4), 7)
    large, large_mask = padded(planes_of(4, 7), 7)
    _, value = lived_in(torch.cat((small, large)), torch.cat((small_mask, large_mask)))
    assert torch.allclose(value[:4], lived_in(planes_of(4, 4))[1], atol=1e-5)
    assert torch.allclose(value[4:], lived_in(planes_of(4, 7))[1], atol=1e-5)


def test_cells_off_the_board_leave_no_trace_in_training(lived_in: HexNet) -> None:
    twin = HexNet(SETTINGS)
    twin.load_state_dict(lived_in.state_dict())
    planes = planes_of(16, 5)
    _, value_alone = lived_in(planes)
    _, value_inside = twin(*padded(planes, 8))
    assert torch.allclose(value_inside, value_alone, atol=1e-4)
    for name, tensor in lived_in.state_dict().items():
        assert torch.allclose(twin.state_dict()[name], tensor, atol=1e-4), name


def test_a_folded_net_equals_the_original_in_eval_mode(lived_in: HexNet) -> None:
    folded = HexNet(SETTINGS, normalised=False)
    folded.load_state_dict(fold(lived_in.state_dict()))
    planes = planes_of(32, 6)
    for mine, original in zip(folded(planes), lived_in.eval()(planes), strict=True):
        assert original.abs().max() > 0.1
        assert torch.allclose(mine, original, atol=1e-4)


def test_folding_leaves_the_state_alone_and_gives_plain_float32(lived_in: HexNet) -> None:
    state = lived_in.state_dict()
    before = {name: tensor.clone() for name, tensor in state.items()}
    for tensor in fold(state).values():
        assert tensor.dtype == torch.float32
        assert tensor.is_contiguous()
        tensor.fill_(math.nan)
    assert all(torch.equal(state[name], before[name]) for name in state)


def test_every_weight_of_a_fresh_net_gets_a_gradient() -> None:
    torch.manual_seed(0)
    net = HexNet(NetSettings(blocks=3, channels=8, pool_every=1, value_hidden=8))
    logits, value_logit = net(planes_of(64, 5))
    (torch.log_softmax(logits, 1)[:, 3].sum() + value_logit.square().sum()).backward()
    silent = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_global_pooling_carries_a_stone_across_the_board() -> None:
    torch.manual_seed(0)
    cells = np.zeros((2, 19 * 19), np.int8)
    cells[1, -1] = 1

    def reach(pool_every: int) -> bool:
        settings = NetSettings(blocks=2, channels=8, pool_every=pool_every)
        seen = HexNet(settings).eval().blocks[1]
        net = HexNet(settings).eval()
        tower = torch.relu(net.stem(input_planes(cells, 19, CPU), None))
        tower = seen(net.blocks[0](tower, None), None)
        return not torch.equal(tower[0, :, 0, 0], tower[1, :, 0, 0])

    assert reach(pool_every=1)
    assert not reach(pool_every=3)


def test_planes_are_channels_last_without_a_copy_and_may_be_read_only() -> None:
    cells = random_rows(4, 5).cells
    cells.setflags(write=False)
    assert input_planes(cells, 5, CPU).is_contiguous(memory_format=torch.channels_last)


def test_weights_of_another_network_are_refused_and_nothing_is_written() -> None:
    mine = HexNet(SETTINGS).state_dict()
    before = {name: tensor.clone() for name, tensor in mine.items()}
    wider = HexNet(SETTINGS.model_copy(update={"channels": 16})).state_dict()
    with pytest.raises(CheckpointError, match=r"\(8, 8, 3, 3\) and is \(16, 16, 3, 3\)"):
        copy_weights(mine, wider)
    shallow = HexNet(SETTINGS.model_copy(update={"blocks": 1})).state_dict()
    with pytest.raises(CheckpointError, match="is nothing"):
        copy_weights(mine, shallow)
    assert all(torch.equal(mine[name], before[name]) for name in mine)
