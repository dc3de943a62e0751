"""Claims of DeLoRA's paper."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.linalg import row_norms
from adapters_np.methods.delora import DeLoRA
from tests.toy import weight

D_OUT, D_IN, RANK, LAMBDA = 48, 64, 4, 12.0


def fresh(zero_start: bool = True) -> DeLoRA:
    return DeLoRA.init(
        weight(D_OUT, D_IN),
        np.random.default_rng(1),
        strength=LAMBDA,
        rank=RANK,
        zero_start=zero_start,
    )


def moved(zero_start: bool = True) -> DeLoRA:
    return perturbed(fresh(zero_start), np.random.default_rng(2), 0.5)


def parallel(sign: float = 1.0) -> DeLoRA:
    """Return pieces that all point at the column of W with the largest norm."""
    largest = np.eye(D_IN)[np.argmax(fresh().w)]
    out = sign * np.ones(D_OUT)
    return replace(fresh(), A=np.tile(largest, (RANK, 1)), B=np.tile(out[:, None], RANK))


def size(adapter: DeLoRA) -> float:
    return float(np.linalg.norm(adapter.delta(weight(D_OUT, D_IN))))


@pytest.mark.parametrize("scale", [1e-6, 1e-4, 1.0, 1e6])
def test_change_stays_below_lambda_times_the_largest_column_norm(scale: float) -> None:
    W, adapter = weight(D_OUT, D_IN), moved()
    grown = replace(adapter, A=scale * adapter.A, B=scale * adapter.B)
    limit = abs(adapter.lambda_[0]) * np.linalg.norm(W, axis=0).max()
    assert size(grown) < limit <= abs(adapter.lambda_[0]) * np.linalg.norm(W)
    assert grown.bound() == pytest.approx(limit)


def test_bound_is_reached_by_parallel_pieces_on_the_largest_column() -> None:
    assert size(parallel()) == pytest.approx(parallel().bound(), rel=1e-12)


def test_distance_from_the_pretrained_weight_can_be_twice_that_with_a_start_taken_off() -> None:
    W = weight(D_OUT, D_IN)
    away = replace(parallel(-1.0), start=parallel().delta(W))
    assert size(away) == pytest.approx(2 * parallel().bound(), rel=1e-12)
    assert size(away) == pytest.approx(away.bound(), rel=1e-12)


def test_zero_start_jumps_to_full_strength_at_the_smallest_step() -> None:
    adapter = moved()
    unit = adapter.B / row_norms(adapter.B.T)
    sizes = [size(replace(adapter, B=length * unit)) for length in (1e-6, 1e-5, 1e-4, 1.0)]
    np.testing.assert_allclose(np.array(sizes) / sizes[-1], [0.01, 0.1, 1, 1], rtol=1e-10)
