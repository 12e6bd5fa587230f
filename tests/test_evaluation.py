"""The seam between search and network: what is said goes to and fro unchanged."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexray.errors import EvaluationError
from hexray.evaluation import (
    Conversation,
    Evaluate,
    Evaluation,
    Leaves,
    checked,
    drive,
    drive_async,
    know_nothing,
)


def _leaves(rows: int) -> Leaves:
    return Leaves(np.zeros((rows, 9), np.int8), 3)


def talk(asked: list[Leaves], heard: list[Evaluation]) -> Conversation[str]:
    """Ask for each of ``asked`` in turn, note the answers, and end with a word."""
    for leaves in asked:
        heard.append((yield leaves))
    return f"heard {len(heard)}"


def plainly(conversation: Conversation, evaluate: Evaluate) -> object:
    return drive(conversation, evaluate)


def awaiting(conversation: Conversation, evaluate: Evaluate) -> object:
    async def answer(leaves: Leaves) -> Evaluation:
        await asyncio.sleep(0)
        return evaluate(leaves)

    return asyncio.run(drive_async(conversation, answer))


Drive = Callable[[Conversation, Evaluate], object]
both = pytest.mark.parametrize("relay", [plainly, awaiting])


@both
@pytest.mark.parametrize("rounds", [0, 1, 7])
def test_every_question_and_every_answer_is_passed_on_itself(relay: Drive, rounds: int) -> None:
    asked = [_leaves(rows) for rows in range(1, rounds + 1)]
    seen: list[Leaves] = []
    said: list[Evaluation] = []
    heard: list[Evaluation] = []

    def evaluate(leaves: Leaves) -> Evaluation:
        seen.append(leaves)
        said.append(know_nothing(leaves))
        return said[-1]

    assert relay(talk(asked, heard), evaluate) == f"heard {rounds}"
    assert [id(leaves) for leaves in seen] == [id(leaves) for leaves in asked]
    assert [id(answer) for answer in heard] == [id(answer) for answer in said]


@both
@pytest.mark.parametrize("result", [None, 0, False, ()])
def test_an_empty_result_is_returned_as_it_is(relay: Drive, result: object) -> None:
    def conversation() -> Conversation[object]:
        yield _leaves(1)
        return result

    assert relay(conversation(), know_nothing) is result


@both
def test_an_error_of_the_conversation_comes_out(relay: Drive) -> None:
    def conversation() -> Conversation[None]:
        yield _leaves(1)
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        relay(conversation(), know_nothing)


@both
@pytest.mark.parametrize("error", [EvaluationError("none"), ValueError("bad"), OSError("gone")])
def test_an_error_of_the_evaluator_comes_out(relay: Drive, error: Exception) -> None:
    def evaluate(leaves: Leaves) -> Evaluation:
        raise error

    heard: list[Evaluation] = []
    with pytest.raises(type(error)):
        relay(talk([_leaves(1)], heard), evaluate)
    assert not heard


@both
def test_an_evaluator_that_runs_out_of_answers_does_not_end_the_conversation(relay: Drive) -> None:
    """``next`` of an exhausted iterator raises the very error that ends a generator."""
    answers = iter([know_nothing(_leaves(1))])
    with pytest.raises((StopIteration, RuntimeError)):
        relay(talk([_leaves(1)] * 2, []), lambda leaves: next(answers))


def test_conversations_that_are_awaited_take_turns() -> None:
    order: list[str] = []

    def conversation(name: str) -> Conversation[None]:
        for _ in range(3):
            order.append(name)
            yield _leaves(1)

    async def answer(leaves: Leaves) -> Evaluation:
        await asyncio.sleep(0)
        return know_nothing(leaves)

    async def scene() -> None:
        await asyncio.gather(*(drive_async(conversation(name), answer) for name in "ab"))

    asyncio.run(scene())
    assert order == ["a", "b"] * 3


@given(rows=st.integers(1, 9), dtype=st.sampled_from([np.float16, np.float32, np.float64]))
def test_a_checked_answer_is_a_float32_copy_of_the_same_numbers(
    rows: int, dtype: type[np.floating]
) -> None:
    rng = np.random.default_rng(rows)
    logits = np.asfortranarray(rng.normal(size=(rows, 9)).astype(dtype))
    said = Evaluation(logits, rng.uniform(-1, 1, rows).astype(dtype), 8)
    for column in said[:2]:
        column.flags.writeable = False
    found = checked(said, _leaves(rows))
    assert found.version == 8
    for column, source in zip(found[:2], said[:2], strict=True):
        assert column.dtype == np.float32
        assert column.flags.c_contiguous
        assert column.flags.writeable
        np.testing.assert_array_equal(column, source.astype(np.float32))


@pytest.mark.parametrize(
    ("logits", "value"),
    [((1, 9), (2,)), ((3, 9), (3,)), ((2, 8), (2,)), ((18,), (2,)), ((2, 9), (2, 1)), ((2, 9), ())],
)
def test_an_answer_of_another_shape_is_refused(
    logits: tuple[int, ...], value: tuple[int, ...]
) -> None:
    said = Evaluation(np.zeros(logits, np.float32), np.zeros(value, np.float32), 1)
    with pytest.raises(EvaluationError, match="one row for each leaf"):
        checked(said, _leaves(2))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_only_occupied_cells_may_have_logits_that_are_no_numbers(bad: float) -> None:
    leaves = _leaves(2)
    leaves.cells[1, 4] = -1
    said = know_nothing(leaves)
    said.logits[1, 4] = bad
    assert not np.isfinite(checked(said, leaves).logits[1, 4])
    said.logits[0, 4] = bad
    with pytest.raises(EvaluationError, match=r"version 0 .* not finite"):
        checked(said, leaves)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused(bad: float) -> None:
    said = know_nothing(_leaves(2))
    said.value[1] = bad
    with pytest.raises(EvaluationError, match="not finite"):
        checked(said, _leaves(2))


def test_to_know_nothing_is_to_answer_each_leaf_alike() -> None:
    said = know_nothing(_leaves(3))
    assert said.logits.shape == (3, 9)
    assert said.value.shape == (3,)
    assert not said.logits.any()
    assert not said.value.any()
    assert said.version == 0
