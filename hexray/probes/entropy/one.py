"""One prediction of what a step does to the entropy of the policy, beside what it really does."""

import time
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hexray.data.rows import Rows
from hexray.errors import StoreError
from hexray.net.checkpoint import Checkpoint
from hexray.net.entropy import Vector, draw_moves, entropy, entropy_scores, scattered
from hexray.net.half_turn import HalfTurn
from hexray.net.loss import heads_of
from hexray.net.model import HexNet
from hexray.net.optimizer import Optimizer
from hexray.net.trainer import learning_rate
from hexray.probes.entropy.direction import Memory
from hexray.probes.entropy.estimate import Estimate, Step, estimated, single_batch, step_of
from hexray.probes.entropy.moves import rewards_of
from hexray.probes.entropy.policy import Units, log_policies, planes_of
from hexray.probes.entropy.settings import EntropySettings
from hexray.probes.entropy.truth import exact_change, first_order, importance_sampled, make_step

_LEAST = 3
"""Positions without which the jackknife divides by nothing."""


class Single(NamedTuple):
    """What was predicted, and what came; entropies are in nats and changes of their mean over E.

    E are the evaluation positions, U the update positions. What has a standard error estimates
    the mean over all positions that E and U are drawn from; ``first_order`` and ``exact`` are
    sums over all moves, of the positions E alone.

    entropy          before the step
    predicted        from sampled moves, to first order
    se_given_update  its standard error, U as it is; ``se_total``: U drawn anew too
    u_statistic      predicted for a step made from E itself, with its jackknife standard error
    first_order      along the way that the weights really went
    exact            after the real step of the optimizer
    sampled          the same by importance weights, with its standard error
    effective_share  of the importance weights: effective sample size over draws, 0 to 1
    clipped_share    share of the importance weights that were clipped
    seconds          that all this took
    """

    entropy: float
    predicted: float
    se_given_update: float
    se_total: float
    u_statistic: float
    u_statistic_se: float
    first_order: float
    exact: float
    sampled: float
    sampled_se: float
    effective_share: float
    clipped_share: float
    seconds: float


class Detail(NamedTuple):
    """What a prediction is made of; what depends on the step is for a learning rate of 1.

    rate      learning rate of the step
    estimate  the projections of each position, the variances, and the gradient of the entropy
    step      the gradient of the loss, and where the optimizer goes
    way       how far each weight went
    before    float64[B_E]  entropy of each evaluation position, ``after``: after the step
    """

    rate: float
    estimate: Estimate
    step: Step
    way: Vector
    before: Tensor
    after: Tensor


class Subject(NamedTuple):
    """A network built anew from a checkpoint, in eval mode, and what its next step depends on."""

    net: HexNet
    optimizer: Optimizer
    memory: Memory
    rate: float


class Batch(NamedTuple):
    """Positions with the moves drawn in them; units of the entropy and of the loss.

    cells   int8[B, A]     mover frame, filled in
    policy  float64[B, A]  log-policy
    moves   int64[B, G]
    """

    cells: NDArray[np.int8]
    policy: Tensor
    moves: Tensor
    entropy_units: Units
    loss_units: Units


def probe_once(
    found: Checkpoint,
    evaluation: Rows,
    update: Rows,
    size: int,
    settings: EntropySettings,
    seed: int,
    update_seed: int | None = None,
) -> Single:
    """Predict the change of entropy of ``evaluation`` by a step on ``update``, and measure it.

    The rows are of boards of side ``size``; all of them count, but for those without an empty
    cell. With an ``update_seed`` the moves of ``update`` are drawn from that, so that runs of other
    seeds make the same step. ``found`` and the random state of the process are not changed. Raises
    StoreError for too few rows and SettingsError for a direction that the checkpoint does not have.
    """
    return probe_in_detail(found, evaluation, update, size, settings, seed, update_seed)[0]


def probe_in_detail(
    found: Checkpoint,
    evaluation: Rows,
    update: Rows,
    size: int,
    settings: EntropySettings,
    seed: int,
    update_seed: int | None = None,
) -> tuple[Single, Detail]:
    """Do the same, and return what the prediction is made of too."""
    begun, micro = time.perf_counter(), settings.micro_batch
    net, optimizer, memory, rate = subject_of(found, settings)
    here, there, probing = _streams(seed, update_seed)
    ours = batch_of(net, evaluation, size, settings, here)
    theirs = batch_of(net, update, size, settings, there)
    step = step_of(net, theirs.loss_units, memory, settings.direction, micro)
    own = step_of(net, ours.loss_units, memory, settings.direction, micro)
    estimate = estimated(
        net,
        ours.entropy_units,
        theirs.loss_units,
        step,
        own.linear,
        settings.trace_units,
        micro,
        probing,
    )
    u_statistic, u_se = single_batch(
        net, ours.entropy_units, ours.loss_units, own, estimate.slope, micro
    )
    # From here on the weights are others.
    weights, way = make_step(net, optimizer, step.gradient, rate, memory.half_turn)
    after, _, _ = log_policies(net, ours.cells, size)
    sampled = importance_sampled(ours.policy, after, ours.moves, settings.weight_clip)
    single = Single(
        entropy=float(entropy(ours.policy).mean()),
        predicted=rate * estimate.predicted,
        se_given_update=rate * estimate.se_given_update,
        se_total=rate * estimate.se_total,
        u_statistic=rate * u_statistic,
        u_statistic_se=rate * u_se,
        first_order=first_order(net, weights, ours.entropy_units, way, micro),
        exact=exact_change(ours.policy, after),
        sampled=sampled.change,
        sampled_se=sampled.se,
        effective_share=sampled.effective_share,
        clipped_share=sampled.clipped_share,
        seconds=time.perf_counter() - begun,
    )
    return single, Detail(rate, estimate, step, way, entropy(ours.policy), entropy(after))


def _streams(seed: int, update_seed: int | None) -> list[np.random.Generator]:
    """Return the random streams of the evaluation's moves, of the update's, and of the probing."""
    streams = np.random.default_rng(seed).spawn(3)
    if update_seed is not None:
        streams[1] = np.random.default_rng(update_seed)
    return streams


def subject_of(found: Checkpoint, settings: EntropySettings) -> Subject:
    """Build the network of a checkpoint with its optimizer (copies), as players see it."""
    config = found.config
    dtype = torch.float64 if settings.precision == "float64" else torch.float32
    with torch.random.fork_rng(devices=[]):
        net = HexNet(config.net, heads=heads_of(config.learner))
    net = net.to(dtype).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    net.load_state_dict(found.state["net"])
    moments = {
        name: {key: part if key == "step" else part.to(dtype) for key, part in kept.items()}
        for name, kept in found.state["optimizer"].items()
    }
    optimizer = Optimizer(net, config.learner)
    optimizer.load(moments)
    weights = {name: weight.detach() for name, weight in net.named_parameters()}
    half_turn = HalfTurn(net) if config.net.half_turn else None
    memory = Memory(weights, moments, config.learner, half_turn)
    rate = settings.learning_rate
    return Subject(net.eval(), optimizer, memory, _rate_of(found) if rate is None else rate)


def batch_of(
    net: HexNet, rows: Rows, size: int, settings: EntropySettings, rng: np.random.Generator
) -> Batch:
    """Draw moves in the positions of ``rows`` and see what they are worth."""
    cells = rows.cells[(rows.cells == 0).any(1)]
    if len(cells) < _LEAST:
        raise StoreError(f"{len(cells)} positions with an empty cell; a batch needs {_LEAST}")
    policy, empty, _ = log_policies(net, cells, size)
    moves = draw_moves(policy, settings.draws, rng)
    rewards = torch.from_numpy(rewards_of(net, cells, moves, size, settings.reward, rng))
    advantages = rewards - rewards.mean(1, keepdim=True)
    loss = scattered(-advantages / settings.draws, moves, size * size)
    planes = planes_of(net, cells, size)
    return Batch(
        cells,
        policy,
        moves,
        Units(planes, empty, entropy_scores(policy, moves)),
        Units(planes, empty, loss),
    )


def _rate_of(found: Checkpoint) -> float:
    """Return the learning rate of the step that would have come next."""
    progress = found.counters["trained_s"] / (60 * found.config.minutes)
    return learning_rate(found.state["step"], progress, found.config.learner)
