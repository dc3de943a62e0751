"""Claims of MiSS's paper, and of PEFT on its variants."""

from typing import Any

import numpy as np
import pytest

from adapters_np.core import perturbed
from adapters_np.methods.miss import MiSS
from tests.toy import singular_values, weight

any_rank = pytest.mark.parametrize("rank", [1, 8, 10, 32])


def moved(rank: int = 8, **knobs: Any) -> MiSS:
    rng = np.random.default_rng(1)
    return perturbed(MiSS.init(weight(48, 64), rng, rank=rank, **knobs), rng, 1.0)


def rank_of(delta: Any) -> int:
    sigma = singular_values(delta)
    return int((sigma > 1e-10 * sigma[0]).sum())


@any_rank
def test_change_is_d_times_the_block_sums(rank: int) -> None:
    adapter = moved(rank)
    S = np.array([[float(j % rank == k) for j in range(64)] for k in range(rank)])
    np.testing.assert_allclose(adapter.delta(weight(48, 64)), adapter.D @ S, atol=1e-12)


def test_mini_has_the_smaller_of_both_ranks_and_repeats_rows() -> None:
    delta = moved(8, output_repeats=8).delta(weight(48, 64))
    assert rank_of(delta) == 48 // 8
    np.testing.assert_array_equal(delta[6:], delta[:-6])


def test_bat_reaches_full_rank_and_depends_on_the_weight() -> None:
    adapter = moved(8, bat=True)
    assert rank_of(adapter.delta(weight(48, 64))) == 48
    assert np.abs(adapter.delta(weight(48, 64)) - adapter.delta(weight(48, 64, seed=1))).max() > 0.1
    plain = moved(8)
    np.testing.assert_array_equal(plain.delta(weight(48, 64)), plain.delta(weight(48, 64, seed=1)))
