"""Consequences of GaLore's formula."""

import numpy as np
import pytest

from adapters_np.budget import explained
from adapters_np.fit import fit, last
from adapters_np.methods.galore import GaLore
from tests.toy import stepped, weight

SHAPES = [(48, 32), (32, 32), (32, 48)]


def moved(shape: tuple[int, int], rank: int, stages: int) -> GaLore:
    return stepped(GaLore, weight(*shape), rank=rank, stages=stages)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shorter_side_is_the_one_with_the_subspace(shape: tuple[int, int]) -> None:
    adapter = moved(shape, 4, 1)
    (P,) = adapter.P
    np.testing.assert_allclose(P.T @ P, np.eye(4), atol=1e-12)
    delta = adapter.delta(weight(*shape))
    left = delta if shape[0] >= shape[1] else delta.T
    np.testing.assert_allclose(left @ P @ P.T, left, atol=1e-12)


def test_enough_stages_reach_any_change() -> None:
    W, change = weight(16, 16), np.random.default_rng(3).normal(size=(16, 16))

    def share(stages: int) -> float:
        fresh = GaLore.init(W, np.random.default_rng(0), rank=4, stages=stages)
        return explained(last(fit(fresh, W, change)).error)

    shares = [share(stages) for stages in (1, 2, 3, 4)]
    assert shares == sorted(shares)
    assert shares[0] < 0.4
    assert shares[-1] == pytest.approx(1, abs=1e-9)
