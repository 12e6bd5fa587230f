"""Training as one would write it on a page: what the learner is measured against.

AdamW at one learning rate, float32; no clipping, decay, averages, warm-up or tied weights.
"""

from collections.abc import Iterable

import numpy as np
import torch
from torch.nn import functional

from hexray.config import NetSettings
from hexray.data.rows import Rows
from hexray.net.model import HexNet, input_planes


def train_plainly(
    settings: NetSettings,
    batches: Iterable[Rows],
    size: int,
    rate: float,
    seed: int,
    losses: list[float],
) -> HexNet:
    """Train a fresh network, one step for each batch; add its loss to ``losses``."""
    torch.manual_seed(seed)
    net = HexNet(settings)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.0)
    for rows in batches:
        policy = torch.from_numpy(rows.policy.astype(np.float32))
        wins = torch.from_numpy((rows.outcome > 0).astype(np.float32))
        occupied = torch.from_numpy(rows.cells != 0)
        logits, value = net(input_planes(rows.cells, size, torch.device("cpu")))
        log_policy = logits.masked_fill(occupied, -1e9).log_softmax(dim=1)
        known = policy.sum(dim=1) > 0
        policy_loss = -(policy * log_policy).sum(dim=1)[known].mean()
        value_loss = functional.binary_cross_entropy_with_logits(value, wins)
        loss = policy_loss + value_loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return net
