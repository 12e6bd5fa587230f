"""``hexray probe gradients``: what arrives at each part of a network, and what a step does.

Gradients are those of the learner's loss on real rows, averaged with their half turns where the
network is tied, and clipped as the learner does. Nothing is trained: steps are made on copies.
"""

import copy
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean, median
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from hexray.config import LearnerSettings
from hexray.data.rows import Rows
from hexray.errors import StoreError
from hexray.net.half_turn import HalfTurn
from hexray.net.loss import Targets, loss
from hexray.net.model import HexNet, input_planes
from hexray.net.optimizer import Optimizer
from hexray.net.targets import check_rows, targets_of
from hexray.probes.finding import BAD, GOOD, GRID, INK, Finding
from hexray.probes.noise_scale import NoiseScale, noise_scale

PROBE = "gradients"
VANISHES, EXPLODES = 1e-3, 1e3
"""Of the median over the groups of a gradient's norm."""
MOSTLY = 0.9
"""A share of steps clipped from which on the clip norm is in fact a fixed length of gradients."""
LEAST_RATIO, MOST_RATIO = 1e-5, 3e-2
"""Of an update to its weights in one step at the full learning rate: outside nothing is learnt, or
what is learnt is lost again. Healthy runs of hexray have 1e-4 to 1e-2."""
CPU = torch.device("cpu")
_ROOM = 3.0
"""Factor between what is drawn and the edge of a logarithmic axis."""


class Group(NamedTuple):
    """One part of the network; norms are means over batches.

    before, after  norm of its gradient before and after clipping
    weights        norm of its weights
    ratio          norm of its update at the full learning rate over that of its weights
    """

    name: str
    before: float
    after: float
    weights: float
    ratio: float


class Flow(NamedTuple):
    """What was measured.

    norms    of the whole gradient before clipping, one a batch
    clip     the norm above which it is clipped
    rate     full learning rate, of which ``now`` is the part that the checkpoint's next step has
    """

    groups: list[Group]
    norms: list[float]
    clip: float
    rate: float
    now: float
    noise: NoiseScale
    batch_rows: int

    @property
    def clipped(self) -> float:
        """Share of the batches whose gradient is clipped."""
        return fmean(norm > self.clip for norm in self.norms)


def measure_gradients(
    net: HexNet,
    optimizer: Optimizer,
    learner: LearnerSettings,
    rows: Rows,
    size: int,
    is_tied: bool,
    now: float = 1.0,
) -> Flow:
    """Send batches of ``learner.batch_rows`` through a network in training mode.

    Its statistics of BatchNorm and the gradients it holds change; weights and optimizer do not.
    ``now`` is the part of the full learning rate that the next step would have. Raises StoreError
    for fewer than two batches.
    """
    count = len(rows.cells) // learner.batch_rows
    if count < 2:
        raise StoreError(f"{len(rows.cells):,} positions make no two batches; take more games")
    rows = Rows._make(column[: count * learner.batch_rows] for column in rows)
    check_rows(rows, size, learner)
    planes, targets = input_planes(rows.cells, size, CPU), targets_of(rows, CPU)
    half_turn = HalfTurn(net) if is_tied else None
    before, after, ratios, norms, vectors = [], [], [], [], []
    for batch in range(count):
        at = slice(batch * learner.batch_rows, (batch + 1) * learner.batch_rows)
        found = _backward(net, planes[at], Targets(*(each[at] for each in targets)), learner)
        if half_turn:
            half_turn.tie(found)
        before.append(_norms(found))
        vectors.append(torch.cat([each.flatten() for each in found.values()]).double().numpy())
        norms.append(float(torch.nn.utils.clip_grad_norm_(net.parameters(), learner.clip_norm)))
        after.append(_norms(found))
        ratios.append(_ratios(net, optimizer, learner, half_turn))
    weights = _norms({name: each.detach() for name, each in net.named_parameters()})
    groups = [
        Group(name, _mean(before, name), _mean(after, name), weights[name], _mean(ratios, name))
        for name in weights
    ]
    noise = noise_scale(vectors, learner.batch_rows)
    rate = learner.learning_rate
    return Flow(groups, norms, learner.clip_norm, rate, now, noise, learner.batch_rows)


def group_of(name: str) -> str:
    """Return the part of the network that a weight belongs to."""
    parts = name.split(".")
    if parts[0] == "blocks":
        return f"block {int(parts[1]) + 1}"
    if parts[0] == "auxiliary":
        return f"{parts[1]} head"
    return parts[0] if parts[0] == "stem" else f"{parts[0].split('_')[0]} head"


def faults_of(flow: Flow) -> list[tuple[str, str]]:
    """Return what is wrong by rule: (in a few words, with its numbers and the remedy)."""
    if not np.isfinite([*flow.norms, *(group.ratio for group in flow.groups)]).all():
        return [("gradients are no numbers", "gradients are no numbers; take an older checkpoint")]
    typical = median(group.before for group in flow.groups)
    faults = []
    for group in flow.groups:
        share = group.before / typical if typical else 0.0
        if share < VANISHES:
            said = f"the gradient of {group.name} is {group.before:.2g}, {typical:.2g} is usual"
            faults.append((f"the gradient of {group.name} vanishes", said))
        elif share > EXPLODES:
            said = f"the gradient of {group.name} is {group.before:.2g}, {typical:.2g} is usual"
            faults.append((f"the gradient of {group.name} explodes", said))
    if flow.clipped >= MOSTLY:
        said = (
            f"{flow.clipped:.0%} of the steps are clipped: the norm is {median(flow.norms):.3g} "
            f"and learner.clip_norm {flow.clip:g}; raise it"
        )
        faults.append(("nearly every step is clipped", said))
    return faults + _ratio_faults(flow)


def judge_gradients(flow: Flow) -> Finding:
    """Say what is wrong, or how gradients are."""
    faults = faults_of(flow)
    ratios = [group.ratio for group in flow.groups]
    numbers = _as_json(flow) | {"faults": [said for _, said in faults]}
    if faults:
        sentence = "; ".join(said for _, said in faults)
        return Finding(PROBE, faults[0][0], sentence, False, numbers)
    sentence = (
        f"gradient norm {median(flow.norms):.3g}, {flow.clipped:.0%} of the steps clipped at "
        f"{flow.clip:g}; a step at the full rate moves the parts by {min(ratios):.1e} to "
        f"{max(ratios):.1e} of their weights; {_noise_said(flow)}"
    )
    return Finding(PROBE, "gradients are sound", sentence, True, numbers)


def draw_gradients(figure: Figure, flow: Flow) -> None:
    """Draw norms before and after clipping and update-to-weight ratios, by group."""
    left, right = figure.subplots(1, 2, sharey=True)
    places, names = range(len(flow.groups)), [group.name for group in flow.groups]
    typical = median(group.before for group in flow.groups)
    odd = [not VANISHES <= group.before / (typical or 1) <= EXPLODES for group in flow.groups]
    colours = [BAD if each else GOOD for each in odd]
    _bars(left, [group.before for group in flow.groups], colours)
    left.set_xlim(min(_shown(group.after) for group in flow.groups) / _ROOM, None)
    left.plot([_shown(group.after) for group in flow.groups], places, "|", color=INK, markersize=14)
    left.set_yticks(places, names)
    left.invert_yaxis()
    left.set_title(
        f"norm of the gradient (line: after clipping; {flow.clipped:.0%} of steps clipped)",
        fontsize=9,
        color=INK,
    )
    fine = [LEAST_RATIO <= group.ratio <= MOST_RATIO for group in flow.groups]
    _bars(right, [group.ratio for group in flow.groups], [GOOD if each else BAD for each in fine])
    right.set_xlim(min(right.get_xlim()[0], LEAST_RATIO / _ROOM), None)
    right.set_xlim(None, max(right.get_xlim()[1], MOST_RATIO * _ROOM))
    for bound in (LEAST_RATIO, MOST_RATIO):
        right.axvline(bound, color=INK, linestyle=":", linewidth=1)
    right.set_title("update over weights, one step at the full rate", fontsize=9, color=INK)
    figure.supxlabel(_noise_said(flow), fontsize=9, color=INK)


def _backward(
    net: HexNet, planes: Tensor, targets: Targets, learner: LearnerSettings
) -> dict[str, Tensor]:
    """Fill in the gradients of one batch; return them by name (not copied)."""
    net.zero_grad()
    loss(net(planes), targets, learner).total.backward()
    return {name: each.grad for name, each in net.named_parameters() if each.grad is not None}


def _ratios(
    net: HexNet, optimizer: Optimizer, learner: LearnerSettings, half_turn: HalfTurn | None
) -> dict[str, float]:
    """Make the true step on a copy, at the full learning rate."""
    moved = copy.deepcopy(net)
    for ours, theirs in zip(moved.parameters(), net.parameters(), strict=True):
        ours.grad = None if theirs.grad is None else theirs.grad.clone()
    stepper = Optimizer(moved, learner)
    stepper.load(optimizer.moments())
    stepper.step(learner.learning_rate)
    if half_turn:
        half_turn.tie(moved.state_dict())
    weights = {name: each.detach() for name, each in net.named_parameters()}
    update = {name: each.detach() - weights[name] for name, each in moved.named_parameters()}
    length, way = _norms(weights), _norms(update)
    return {name: way[name] / max(length[name], 1e-12) for name in length}


def _norms(tensors: dict[str, Tensor]) -> dict[str, float]:
    squares: dict[str, float] = defaultdict(float)
    for name, tensor in tensors.items():
        squares[group_of(name)] += float(tensor.double().square().sum())
    return {name: square**0.5 for name, square in squares.items()}


def _mean(found: Sequence[dict[str, float]], name: str) -> float:
    return fmean(each.get(name, 0.0) for each in found)


def _ratio_faults(flow: Flow) -> list[tuple[str, str]]:
    low = [group for group in flow.groups if group.ratio < LEAST_RATIO]
    high = [group for group in flow.groups if group.ratio > MOST_RATIO]
    faults = []
    if high:
        worst = max(high, key=lambda group: group.ratio)
        said = (
            f"a step moves {worst.name} by {worst.ratio:.1e} of its weights, more than "
            f"{MOST_RATIO:g}: lower learner.learning_rate {flow.rate:g}"
        )
        faults.append(("steps are too large", said))
    if low:
        worst = min(low, key=lambda group: group.ratio)
        said = (
            f"a step moves {worst.name} by {worst.ratio:.1e} of its weights, less than "
            f"{LEAST_RATIO:g}: raise learner.learning_rate {flow.rate:g}, or see why its "
            "gradient is so small"
        )
        faults.append(("steps are too small", said))
    return faults


def _noise_said(flow: Flow) -> str:
    if flow.noise.rows is None:
        return f"the gradient is lost in the noise of batches of {flow.batch_rows} rows"
    error = "" if flow.noise.error is None else f" +- {flow.noise.error:,.0f}"
    return f"gradient noise scale {flow.noise.rows:,.0f}{error} rows, batch {flow.batch_rows}"


def _bars(axes: Axes, values: Sequence[float], colours: Sequence[str]) -> None:
    axes.barh(range(len(values)), [_shown(value) for value in values], color=colours)
    axes.set_xscale("log")
    axes.set_xlim(min(map(_shown, values)) / _ROOM, max(map(_shown, values)) * _ROOM)
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)


def _shown(value: float) -> float:
    """Keep what a logarithmic axis cannot show at its edge."""
    return max(value, 1e-9)


def _as_json(flow: Flow) -> dict[str, Any]:
    return {
        "groups": [_plain(group) for group in flow.groups],
        "norms": [_number(norm) for norm in flow.norms],
        "clipped": flow.clipped,
        "clip_norm": flow.clip,
        "rate": flow.rate,
        "rate_now": flow.rate * flow.now,
        "noise_scale": _plain(flow.noise),
        "batch_rows": flow.batch_rows,
    }


def _plain(found: Group | NoiseScale) -> dict[str, Any]:
    return {name: _number(each) for name, each in found._asdict().items()}


def _number(value: Any) -> Any:
    """Return None for a number that JSON does not take."""
    return None if isinstance(value, float) and not np.isfinite(value) else value
