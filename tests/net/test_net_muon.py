"""Muon over many matrices at once against torch's, which takes one after the other."""

import pytest
import torch
from torch import Tensor, nn

from hexray.net.muon import Muon

RATE, MOMENTUM, DECAY = 0.02, 0.9, 0.1
SHAPES = [(8, 24), (8, 24), (8, 24), (24, 8), (8, 8), (4, 40)]


def matrices() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(1)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def gradients(step: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(100 + step)
    return [torch.randn(shape, generator=generator) ** 3 for shape in SHAPES]


def theirs(of: list[nn.Parameter]) -> torch.optim.Muon:
    return torch.optim.Muon(
        of, lr=RATE, weight_decay=DECAY, momentum=MOMENTUM, adjust_lr_fn="match_rms_adamw"
    )


def ours(of: list[nn.Parameter]) -> Muon:
    made = Muon(of, MOMENTUM, DECAY)
    made.param_groups[0]["lr"] = RATE
    return made


def moved(
    optimizer: torch.optim.Optimizer, of: list[nn.Parameter], steps: int, left_out: int | None
) -> list[Tensor]:
    for step in range(steps):
        for index, (matrix, gradient) in enumerate(zip(of, gradients(step), strict=True)):
            matrix.grad = None if index == left_out else gradient
        optimizer.step()
    return [matrix.detach() for matrix in of]


@pytest.mark.parametrize("left_out", [None, 1, 4])
def test_it_goes_where_torchs_goes(left_out: int | None) -> None:
    start, here, there = matrices(), matrices(), matrices()
    found = moved(ours(here), here, 5, left_out)
    expected = moved(theirs(there), there, 5, left_out)
    for before, ours_after, theirs_after in zip(start, found, expected, strict=True):
        way, true_way = ours_after - before, theirs_after - before
        # Orthogonal matrices are made in bfloat16, which rounds by 0.4 % a product.
        assert (way - true_way).norm() <= 0.02 * true_way.norm()


def test_it_remembers_what_torchs_does() -> None:
    here, there = matrices(), matrices()
    one, other = ours(here), theirs(there)
    moved(one, here, 3, None)
    moved(other, there, 3, None)
    for mine, its in zip(here, there, strict=True):
        assert one.state[mine].keys() == other.state[its].keys()
        memory, its_memory = one.state[mine]["momentum_buffer"], other.state[its]["momentum_buffer"]
        torch.testing.assert_close(memory, its_memory)


def test_a_gradient_of_zero_only_decays() -> None:
    of = matrices()
    for matrix in of:
        matrix.grad = torch.zeros_like(matrix)
    before = [matrix.detach().clone() for matrix in of]
    ours(of).step()
    for matrix, old in zip(of, before, strict=True):
        torch.testing.assert_close(matrix.detach(), old * (1 - RATE * DECAY))
