"""Claims of RandLoRA's paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.core import flatten, parameters, restore
from adapters_np.methods.randlora import RandLoRA, dense, sparse
from tests.toy import jacobian_rank, stepped, weight


def moved(shape: tuple[int, int] = (64, 48), **chosen: Any) -> RandLoRA:
    return stepped(RandLoRA, weight(*shape), **chosen)


def rank_of(adapter: RandLoRA, shape: tuple[int, int] = (64, 48)) -> int:
    return int(np.linalg.matrix_rank(adapter.delta(weight(*shape))))


def test_rank_is_r_for_every_basis_in_use() -> None:
    adapter = moved(rank=8)
    for used in (1, 3, 6):
        gains = np.where(np.arange(6)[:, None] < used, adapter.Lambda, 0)
        assert rank_of(replace(adapter, Lambda=gains)) == 8 * used


def test_rank_is_r_when_all_input_gains_are_equal() -> None:
    adapter = moved(rank=8)
    equal = replace(adapter, Gamma=np.repeat(adapter.Gamma[:1], 6, axis=0))
    assert rank_of(equal) == 8
    each_flat = replace(adapter, Gamma=np.arange(1.0, 7)[:, None].repeat(48, axis=1))
    assert rank_of(each_flat) == 8


def test_parameters_fall_as_r_grows_and_the_rank_stays() -> None:
    ranks = [1, 2, 4, 8, 16, 48]
    counts = [parameters(RandLoRA, 64, 48, rank=r) for r in ranks]
    assert counts == [-(-48 // r) * (r + 48) for r in ranks]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 48 * 48
    assert {rank_of(moved(rank=r)) for r in ranks} == {48}


def test_one_parameter_for_each_basis_is_redundant() -> None:
    adapter, W = moved((24, 16), rank=4), weight(24, 16)
    v = flatten(adapter)
    assert jacobian_rank(lambda v: restore(adapter, v).delta(W), v) == len(v) - 4


@pytest.mark.parametrize("draw", [dense, sparse])
def test_entries_of_a_basis_have_deviation_one_and_its_columns_are_not_orthonormal(
    draw: Any,
) -> None:
    B = draw(np.random.default_rng(0), (400, 50))
    assert B.mean() == pytest.approx(0, abs=0.02)
    assert B.std() == pytest.approx(1, abs=0.02)
    assert np.abs(B.T @ B / 400 - np.eye(50)).max() > 0.05
