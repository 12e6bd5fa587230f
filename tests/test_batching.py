"""When a batch goes, by table and with a fake clock."""

import pytest

from hexray.batching import Request, next_batch

LIVE, RIVAL = (5, 0), (5, 1)


def _queue(*rows: int, kind: tuple[int, int] = LIVE, arrived: float = 10.0) -> list[Request]:
    return [Request(kind, count, arrived) for count in rows]


def test_a_full_batch_goes_at_once() -> None:
    assert next_batch(_queue(64, 64), 10.0, 128, 1.0, clients=9) == ((0, 1), 0.0)


def test_requests_that_no_longer_fit_stay_behind() -> None:
    assert next_batch(_queue(64, 100, 20), 10.0, 128, 1.0, clients=9).batch == (0,)


def test_a_batch_goes_when_the_oldest_has_waited_long_enough() -> None:
    queue = _queue(8)
    assert next_batch(queue, 10.4, 128, 0.5, clients=9) == ((), pytest.approx(0.1))
    assert next_batch(queue, 10.5, 128, 0.5, clients=9).batch == (0,)


def test_a_batch_goes_when_every_client_waits() -> None:
    assert next_batch(_queue(8, 8), 10.0, 128, 1.0, clients=2).batch == (0, 1)
    assert next_batch(_queue(8), 10.0, 128, 1.0, clients=2).batch == ()


def test_kinds_never_share_a_batch_and_the_oldest_kind_goes_first() -> None:
    queue = [*_queue(8, kind=RIVAL), *_queue(8, 8), *_queue(4, kind=RIVAL)]
    assert next_batch(queue, 99.0, 128, 0.0, clients=1).batch == (0, 3)


def test_a_request_larger_than_a_batch_goes_alone() -> None:
    assert next_batch(_queue(500, 8), 10.0, 128, 1.0, clients=9).batch == (0,)


def test_no_request_is_ever_left_waiting_for_good() -> None:
    queue = [*_queue(8), *_queue(3, kind=RIVAL), *_queue(120, 7, 128, 1)]
    served = 0
    while queue:
        batch = next_batch(queue, 99.0, 128, 0.1, clients=99).batch
        assert batch
        served += len(batch)
        queue = [request for place, request in enumerate(queue) if place not in batch]
    assert served == 6
