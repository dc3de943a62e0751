"""Consequences of PaRa's formula."""

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.deft import DEFT
from adapters_np.methods.para import PaRa
from tests.toy import singular_values, weight

W = weight(48, 64)


def moved(rank: int = 4) -> PaRa:
    rng = np.random.default_rng(1)
    return perturbed(PaRa.init(W, rng, rank=rank), rng, 1.0)


@pytest.mark.parametrize("rank", [1, 4, 16])
def test_the_weight_loses_as_many_directions(rank: int) -> None:
    after = W + moved(rank).delta(W)
    assert np.linalg.matrix_rank(after) == 48 - rank
    assert (singular_values(after) <= singular_values(W) + 1e-12).all()


def test_it_is_deft_with_nothing_written() -> None:
    adapter = moved()
    deft = DEFT(adapter.P, np.zeros((4, 64)), 1.0, "qr")
    np.testing.assert_allclose(adapter.delta(W), deft.delta(W), atol=1e-12)


def test_what_is_gone_stays_gone_a_second_time() -> None:
    adapter = moved()
    after = W + adapter.delta(W)
    np.testing.assert_allclose(adapter.delta(after), 0, atol=1e-12)


def test_nearest_is_better_than_random_directions_and_finds_its_own() -> None:
    adapter = moved()
    own = adapter.delta(W)
    found = adapter.nearest(W, own)
    assert found is not None
    np.testing.assert_allclose(found.delta(W), own, atol=1e-9)
    change = np.random.default_rng(3).normal(size=W.shape)
    best = adapter.nearest(W, change)
    assert best is not None
    left = np.linalg.norm(change - best.delta(W))
    for seed in range(20):
        other = PaRa.init(W, np.random.default_rng(seed))
        assert left <= np.linalg.norm(change - other.delta(W))
