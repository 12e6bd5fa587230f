"""The noise scale of gradients whose signal and noise are known."""

import numpy as np
import pytest

from hexray.probes.noise_scale import noise_scale


def gradients(true: np.ndarray, deviation: float, batches: int, rows: int) -> list[np.ndarray]:
    """Mean gradients of batches: each row's is the true one and normal noise of that deviation."""
    rng = np.random.default_rng(0)
    spread = deviation / rows**0.5
    return [true + spread * rng.standard_normal(len(true)) for _ in range(batches)]


def test_the_scale_is_noise_over_signal_of_one_row() -> None:
    # 4000 numbers of 0.1: signal 40. Noise 4000 * 2^2 = 16000 a row. So 400 rows.
    found = noise_scale(gradients(np.full(4000, 0.1), 2.0, 16, 64), 64)
    # 16 batches of 4000 numbers: the trace is known to 1 %, the signal to some 5 %.
    assert found.rows == pytest.approx(400, rel=0.25)
    assert found.noise == pytest.approx(16_000, rel=0.1)
    assert found.signal == pytest.approx(40, rel=0.25)
    assert found.error is not None
    assert 0 < found.error < 100


def test_gradients_without_noise_have_scale_zero() -> None:
    found = noise_scale([np.array([3.0, 4.0])] * 4, 32)
    assert found.rows == pytest.approx(0, abs=1e-9)
    assert found.signal == pytest.approx(25)


def test_a_signal_lost_in_noise_has_no_scale() -> None:
    found = noise_scale([np.array([1.0, 0.0]), np.array([-1.0, 0.0])], 8)
    assert found.rows is None


def test_one_batch_says_nothing_of_noise() -> None:
    with pytest.raises(ValueError, match="two at least"):
        noise_scale([np.ones(3)], 8)
