"""Claims of BOFT's paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import flatten, restore
from adapters_np.methods.boft import BOFT
from tests.toy import jacobian_rank, stepped, weight


def moved(d: int = 64, **knobs: Any) -> BOFT:
    return stepped(BOFT, weight(48, d), **knobs, step=1.5)


@pytest.mark.parametrize(
    ("block_size", "factors", "share"),
    [(8, 1, 0.125), (8, 2, 0.25), (8, 4, 1.0), (4, 5, 1.0), (2, 6, 1.0)],
)
def test_blocks_double_with_every_factor_until_r_is_dense(
    block_size: int, factors: int, share: float
) -> None:
    used = np.abs(moved(factors=factors, block_size=block_size).rotation()) > 1e-12
    reach = block_size * 2 ** (factors - 1)
    inside = np.kron(np.eye(64 // reach), np.ones((reach, reach))) > 0
    assert used.mean() == share
    assert (used == inside).all()


def test_a_block_never_turns_a_vector_around_but_a_product_can() -> None:
    quarter_turns = np.ones((2, 2, 1))  # each 2 × 2 block turns by 90 degrees
    single = replace(moved(4, factors=1, block_size=2), Q=quarter_turns[:1])
    both = replace(moved(4, factors=2, block_size=2), Q=quarter_turns)
    assert np.linalg.eigvals(single.rotation()).real.min() > -1e-12
    assert np.linalg.eigvals(both.rotation()).real.min() == pytest.approx(-1)


@pytest.mark.parametrize(("d", "factors", "freedom"), [(8, 3, 12), (16, 4, 32), (32, 5, 80)])
def test_a_dense_butterfly_is_far_from_every_rotation(d: int, factors: int, freedom: int) -> None:
    adapter = moved(d, factors=factors, block_size=2)
    assert flatten(adapter).size == freedom
    rank = jacobian_rank(lambda v: restore(adapter, v).rotation(), flatten(adapter))
    assert rank == freedom < d * (d - 1) // 2
