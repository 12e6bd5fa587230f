"""The network of each kind: any board size, masks, folding, a neutral beginning."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from training_rows import random_rows

from hexray.config import NetSettings
from hexray.errors import CheckpointError
from hexray.net.loss import HEADS
from hexray.net.model import HexNet, copy_weights, fold, input_planes

SETTINGS = NetSettings(blocks=2, channels=8, pool_every=2, value_hidden=8)
CHANGES = [
    {},
    {"kind": "resnet"},
    {"kind": "simple"},
    {"norm": "none"},
    {"kind": "simple", "norm": "none"},
    {"kind": "resnet", "norm": "none", "stem": 5},
    {"stem": 5},
]
KINDS = [SETTINGS.model_copy(update=changes) for changes in CHANGES]
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


def named(settings: NetSettings) -> str:
    return f"{settings.kind}-{settings.norm}-{settings.stem}"


@pytest.fixture(params=KINDS, ids=named)
def settings(request: pytest.FixtureRequest) -> NetSettings:
    return request.param


@pytest.fixture
def lived_in(settings: NetSettings) -> HexNet:
    """A net whose weights and statistics have all left their first values."""
    torch.manual_seed(1)
    net = HexNet(settings)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    for _ in range(20):
        net(planes_of(32, 5))
    return net


@pytest.mark.parametrize("size", [2, 5, 11])
def test_one_net_answers_every_board_size(settings: NetSettings, size: int) -> None:
    logits, value_logit = HexNet(settings)(planes_of(3, size))
    assert logits.shape == (3, size * size)
    assert value_logit.shape == (3,)


def test_a_fresh_net_calls_every_position_even_and_every_move_alike(settings: NetSettings) -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        cells = random_rows(64, 7).cells
        logits, value_logit = HexNet(settings).eval()(input_planes(cells, 7, CPU))
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


def test_cells_off_the_board_leave_no_trace_in_training(
    lived_in: HexNet, settings: NetSettings
) -> None:
    twin = HexNet(settings)
    twin.load_state_dict(lived_in.state_dict())
    planes = planes_of(16, 5)
    _, value_alone = lived_in(planes)
    _, value_inside = twin(*padded(planes, 8))
    assert torch.allclose(value_inside, value_alone, atol=1e-4)
    for name, tensor in lived_in.state_dict().items():
        assert torch.allclose(twin.state_dict()[name], tensor, atol=1e-4), name


def test_a_folded_net_equals_the_original_in_eval_mode(
    lived_in: HexNet, settings: NetSettings
) -> None:
    folded = HexNet(settings, normalised=False)
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


def test_every_weight_of_a_fresh_net_gets_a_gradient(settings: NetSettings) -> None:
    torch.manual_seed(0)
    every = settings.model_copy(update={"blocks": 3, "pool_every": 1})
    net = HexNet(every, heads=HEADS)
    logits, value_logit, *further = net(planes_of(64, 5))
    first_moves = sum(torch.log_softmax(part, 1)[:, 3].sum() for part in (logits, *further))
    (first_moves + value_logit.square().sum()).backward()
    silent = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_global_pooling_carries_a_stone_across_the_board() -> None:
    torch.manual_seed(0)
    cells = np.zeros((2, 19 * 19), np.int8)
    cells[1, -1] = 1

    def reach(pool_every: int, kind: str = "pooled") -> bool:
        settings = NetSettings.model_validate(
            {"blocks": 2, "channels": 8, "pool_every": pool_every, "kind": kind}
        )
        seen = HexNet(settings).eval().blocks[1]
        net = HexNet(settings).eval()
        tower = torch.relu(net.stem(input_planes(cells, 19, CPU), None))
        tower = seen(net.blocks[0](tower, None), None)
        return not torch.equal(tower[0, :, 0, 0], tower[1, :, 0, 0])

    assert reach(pool_every=1)
    assert not reach(pool_every=3)
    assert not reach(pool_every=1, kind="resnet")
    assert not reach(pool_every=1, kind="simple")


def kernels(settings: NetSettings) -> list[tuple[int, ...]]:
    state = HexNet(settings).state_dict()
    return [tuple(tensor.shape) for tensor in state.values() if tensor.ndim == 4]


def test_the_simple_kind_is_three_convolutions_and_the_heads_of_the_others() -> None:
    heads = [(32, 8, 1, 1), (1, 32, 1, 1), (32, 8, 1, 1)]
    simple = SETTINGS.model_copy(update={"kind": "simple", "blocks": 7})
    assert kernels(simple) == [(8, 5, 3, 3), (8, 8, 3, 3), (8, 8, 3, 3), *heads]
    resnet = SETTINGS.model_copy(update={"kind": "resnet"})
    assert kernels(resnet) == [(8, 5, 3, 3), *4 * [(8, 8, 3, 3)], *heads]


def test_a_wide_stem_sees_two_cells_far() -> None:
    assert kernels(SETTINGS.model_copy(update={"stem": 5}))[0] == (8, 5, 5, 5)


def test_a_net_without_norms_answers_alike_in_training_and_in_play() -> None:
    torch.manual_seed(0)
    net = HexNet(SETTINGS.model_copy(update={"norm": "none"}))
    planes = planes_of(8, 5)
    in_training = net.train()(planes)
    assert all(map(torch.equal, in_training, net.eval()(planes)))
    assert list(net.buffers()) == []


def test_without_norms_deep_and_shallow_nets_begin_with_activations_of_like_size() -> None:
    planes, spread = planes_of(64, 7), []
    for blocks in (1, 40):
        torch.manual_seed(0)
        net = HexNet(NetSettings(blocks=blocks, channels=32, norm="none"))
        tower = torch.relu(net.stem(planes, None))
        for part in net.blocks:
            tower = part(tower, None)
        spread.append(float(tower.detach().std()))
    assert 0.5 < spread[1] / spread[0] < 2


def test_heads_answer_in_their_order_and_leave_the_other_answers_alone(
    settings: NetSettings,
) -> None:
    torch.manual_seed(0)
    plain = HexNet(settings).eval()
    net = HexNet(settings, heads=("soft_policy", "owner")).eval()
    net.load_state_dict(plain.state_dict(), strict=False)
    planes = planes_of(6, 5)
    answers = net(planes)
    assert all(map(torch.equal, answers[:2], plain(planes)))
    assert [tuple(part.shape) for part in answers[2:]] == [(6, 25), (6, 25)]
    with torch.no_grad():
        net.auxiliary["owner"].weight.zero_()
    assert torch.equal(net(planes)[2], answers[2])
    assert not net(planes)[3].any()


def test_heads_of_training_are_not_folded(settings: NetSettings) -> None:
    with_heads = fold(HexNet(settings, heads=HEADS).state_dict())
    assert with_heads.keys() == HexNet(settings, normalised=False).state_dict().keys()


def test_heads_see_a_board_inside_a_larger_one_as_they_would_alone(settings: NetSettings) -> None:
    torch.manual_seed(0)
    net = HexNet(settings, heads=HEADS).eval()
    planes = planes_of(8, 5)
    for alone, inside in zip(net(planes)[2:], net(*padded(planes, 8))[2:], strict=True):
        on_board = inside.unflatten(1, (8, 8))[:, :5, :5].flatten(1)
        assert torch.allclose(on_board, alone, atol=1e-5)


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
