"""The loss, against sums done by hand."""

import math

import pytest
import torch

from hexray.config import LearnerSettings
from hexray.net.loss import Targets, heads_of, loss

SETTINGS = LearnerSettings(outcome_share=0.8, value_weight=1.0, winning_weight=0.0)


def targets(**changes: torch.Tensor) -> Targets:
    """Two rows of two cells; the second row has a stone on its first cell."""
    return Targets(
        occupied=torch.tensor([[False, False], [True, False]]),
        policy=torch.tensor([[0.25, 0.75], [0.0, 1.0]]),
        outcome=torch.tensor([1.0, -1.0]),
        root_value=torch.tensor([0.5, 0.0]),
        reply=torch.empty(2, 0),
        owner=torch.empty(2, 0),
    )._replace(**changes)


LOGITS = torch.tensor([[0.0, math.log(3.0)], [7.0, -2.0]])
VALUE_LOGIT = torch.tensor([0.0, math.log(1 / 3)])


def test_policy_loss_is_the_mean_cross_entropy_over_empty_cells() -> None:
    # Row 0: network 1/4, 3/4. Row 1: the stone is out, so the only cell has probability 1.
    by_row = [-(0.25 * math.log(0.25) + 0.75 * math.log(0.75)), 0.0]
    assert loss((LOGITS, VALUE_LOGIT), targets(), SETTINGS).policy == pytest.approx(sum(by_row) / 2)


def test_logits_on_stones_do_not_matter() -> None:
    other = LOGITS.clone()
    other[1, 0] = -500.0
    assert loss((other, VALUE_LOGIT), targets(), SETTINGS) == loss(
        (LOGITS, VALUE_LOGIT), targets(), SETTINGS
    )


def test_logits_on_stones_get_no_gradient() -> None:
    logits = LOGITS.clone().requires_grad_()
    loss((logits, VALUE_LOGIT), targets(), SETTINGS).total.backward()
    assert logits.grad is not None
    assert logits.grad[1].tolist() == [0.0, 0.0]
    assert torch.isfinite(logits.grad).all()


def test_a_row_without_policy_target_is_not_trained_as_a1() -> None:
    logits = LOGITS.clone().requires_grad_()
    empty = targets(policy=torch.tensor([[0.0, 0.0], [0.0, 1.0]]))
    found = loss((logits, VALUE_LOGIT), empty, SETTINGS)
    found.policy.backward()
    assert logits.grad is not None
    assert logits.grad[0].tolist() == [0.0, 0.0]


def test_the_policy_mean_is_over_rows_that_have_a_target() -> None:
    only_first = targets(policy=torch.tensor([[0.25, 0.75], [0.0, 0.0]]))
    expected = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert loss((LOGITS, VALUE_LOGIT), only_first, SETTINGS).policy == pytest.approx(expected)


def test_a_batch_without_any_policy_target_has_policy_loss_zero() -> None:
    assert loss((LOGITS, VALUE_LOGIT), targets(policy=torch.zeros(2, 2)), SETTINGS).policy == 0


def test_value_loss_mixes_outcome_and_root_value() -> None:
    # Targets: 0.8 * 1 + 0.2 * 0.5 = 0.9 -> 0.95, and -0.8 -> 0.1; network 1/2 and 1/4.
    first = -(0.95 * math.log(0.5) + 0.05 * math.log(0.5))
    second = -(0.1 * math.log(0.25) + 0.9 * math.log(0.75))
    found = loss((LOGITS, VALUE_LOGIT), targets(), SETTINGS).value
    assert found == pytest.approx((first + second) / 2)


def test_an_outcome_share_of_zero_trusts_the_search_alone() -> None:
    settings = SETTINGS.model_copy(update={"outcome_share": 0.0})
    # Targets 0.75 and 0.5.
    first, second = math.log(2), -(0.5 * math.log(0.25) + 0.5 * math.log(0.75))
    found = loss((LOGITS, VALUE_LOGIT), targets(), settings).value
    assert found == pytest.approx((first + second) / 2)


def test_a_value_weight_of_zero_leaves_the_policy_alone() -> None:
    found = loss(
        (LOGITS, VALUE_LOGIT), targets(), SETTINGS.model_copy(update={"value_weight": 0.0})
    )
    assert found.total == found.policy
    assert found.value > 0


def test_the_total_weighs_the_value() -> None:
    found = loss(
        (LOGITS, VALUE_LOGIT), targets(), SETTINGS.model_copy(update={"value_weight": 3.0})
    )
    assert found.total == pytest.approx(float(found.policy + 3 * found.value))


def test_value_accuracy_compares_signs_with_the_outcome() -> None:
    value_logit = torch.tensor([2.0, 0.1])
    assert loss((LOGITS, value_logit), targets(), SETTINGS).value_accuracy == 0.5
    assert loss((LOGITS, -value_logit), targets(), SETTINGS).value_accuracy == 0.5
    assert loss((LOGITS, torch.tensor([2.0, -0.1])), targets(), SETTINGS).value_accuracy == 1.0


def test_huge_logits_stay_finite_also_in_bfloat16() -> None:
    logits = torch.tensor([[3e4, -3e4], [-3e4, 3e4]], dtype=torch.bfloat16)
    value_logit = torch.tensor([3e4, -3e4], dtype=torch.bfloat16)
    found = loss((logits, value_logit), targets(), SETTINGS)
    assert all(torch.isfinite(part) for part in found[:4])
    assert found.total.dtype == torch.float32


def with_head(name: str, weight: float = 0.5) -> LearnerSettings:
    return SETTINGS.model_copy(update={f"{name}_weight": weight})


EVERY = ("opponent", "soft_policy", "owner", "winning")
FURTHER = torch.tensor([[math.log(3.0), 0.0], [5.0, -5.0]])


def test_only_targets_with_a_weight_have_a_head() -> None:
    assert heads_of(SETTINGS) == ()
    all_weights = {f"{name}_weight": 1e-6 for name in EVERY}
    assert heads_of(SETTINGS.model_copy(update=all_weights)) == EVERY
    assert heads_of(with_head("owner")) == ("owner",)


def test_the_opponents_policy_is_compared_where_there_was_a_reply() -> None:
    # Network 3/4, 1/4; the second row has no reply.
    reply = torch.tensor([[0.2, 0.8], [0.0, 0.0]])
    expected = -(0.2 * math.log(0.75) + 0.8 * math.log(0.25))
    settings = with_head("opponent")
    found = loss((LOGITS, VALUE_LOGIT, FURTHER), targets(reply=reply), settings)
    assert found.auxiliary["opponent"] == pytest.approx(expected)
    plain = loss((LOGITS, VALUE_LOGIT), targets(), SETTINGS)
    assert found.total == pytest.approx(float(plain.total) + 0.5 * expected)


def test_the_soft_policy_is_the_fourth_root_renormalised() -> None:
    # The roots of 1/17 and 16/17 are as 1 to 2. The second row has but one empty cell.
    policy = torch.tensor([[1 / 17, 16 / 17], [0.0, 1.0]])
    expected = -(math.log(0.75) / 3 + 2 * math.log(0.25) / 3) / 2
    settings = with_head("soft_policy")
    found = loss((LOGITS, VALUE_LOGIT, FURTHER), targets(policy=policy), settings)
    assert found.auxiliary["soft_policy"] == pytest.approx(expected)


def test_a_row_without_policy_has_no_soft_policy_either() -> None:
    policy = torch.tensor([[1 / 17, 16 / 17], [0.0, 0.0]])
    expected = -(math.log(0.75) / 3 + 2 * math.log(0.25) / 3)
    settings = with_head("soft_policy")
    found = loss((LOGITS, VALUE_LOGIT, FURTHER), targets(policy=policy), settings)
    assert found.auxiliary["soft_policy"] == pytest.approx(expected)


def test_the_owner_counts_on_empty_cells_that_are_held_in_the_end() -> None:
    # Row 0: own (network 3/4), and left empty. Row 1: a stone that does not count, and the
    # opponent's (network sigmoid(-5)).
    owner = torch.tensor([[1.0, 0.0], [1.0, -1.0]])
    expected = (-math.log(0.75) + math.log1p(math.exp(-5))) / 2
    found = loss((LOGITS, VALUE_LOGIT, FURTHER), targets(owner=owner), with_head("owner"))
    assert found.auxiliary["owner"] == pytest.approx(expected, rel=1e-5)


def test_of_a_won_position_the_moves_of_the_policy_win_and_of_a_lost_one_none() -> None:
    # Row 0 is won: the network gives its moves 3/4 and 1/2. Row 1 is lost, and has one move.
    expected = -(0.25 * math.log(0.75) + 0.75 * math.log(0.5) + math.log1p(-1 / (1 + math.exp(5))))
    found = loss((LOGITS, VALUE_LOGIT, FURTHER), targets(), with_head("winning"))
    assert found.auxiliary["winning"] == pytest.approx(expected / 2, rel=1e-5)


def test_of_a_lost_position_half_of_the_weight_lies_on_the_moves_of_the_policy() -> None:
    lost = targets(outcome=torch.tensor([-1.0, -1.0]), occupied=torch.zeros(2, 2, dtype=torch.bool))
    further = torch.tensor([[0.0, 40.0], [40.0, 0.0]])
    found = loss((LOGITS, VALUE_LOGIT, further), lost, with_head("winning"))
    even = math.log(2)
    rows = [3 / 8 * even + 5 / 8 * 40, 1 / 4 * 40 + 3 / 4 * even]
    assert found.auxiliary["winning"] == pytest.approx(sum(rows) / 2, rel=1e-5)


def test_a_won_position_without_a_policy_says_of_no_move_whether_it_wins() -> None:
    policy = torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    found = loss((LOGITS, VALUE_LOGIT, FURTHER), targets(policy=policy), with_head("winning"))
    assert found.auxiliary["winning"] == pytest.approx(math.log1p(math.exp(-5)), rel=1e-5)


@pytest.mark.parametrize("name", EVERY)
def test_a_batch_without_a_further_target_has_a_loss_of_zero(name: str) -> None:
    zeros = torch.zeros(2, 2)
    further = FURTHER.clone().requires_grad_()
    nothing = targets(policy=zeros, reply=zeros, owner=zeros, outcome=torch.ones(2))
    found = loss((LOGITS, VALUE_LOGIT, further), nothing, with_head(name))
    assert found.auxiliary[name] == 0
    found.total.backward()
    assert further.grad is not None
    assert not further.grad.any()


def test_every_head_is_compared_with_its_own_target() -> None:
    weights = dict(zip(EVERY, (1.0, 10.0, 100.0, 1000.0), strict=True))
    settings = SETTINGS.model_copy(
        update={f"{name}_weight": weight for name, weight in weights.items()}
    )
    reply, owner = torch.tensor([[0.2, 0.8], [0.0, 1.0]]), torch.tensor([[1.0, -1.0], [1.0, 0.0]])
    asked = targets(reply=reply, owner=owner)
    answers = (LOGITS, VALUE_LOGIT, FURTHER, FURTHER + 1, FURTHER - 1, FURTHER + 2)
    together = loss(answers, asked, settings)
    for name, answer in zip(EVERY, answers[2:], strict=True):
        alone = loss((LOGITS, VALUE_LOGIT, answer), asked, with_head(name, 1.0))
        assert together.auxiliary[name] == alone.auxiliary[name]
    plain = loss((LOGITS, VALUE_LOGIT), asked, SETTINGS).total
    weighted = zip(weights.values(), together.auxiliary.values(), strict=True)
    assert together.total == pytest.approx(float(plain + sum(w * part for w, part in weighted)))
