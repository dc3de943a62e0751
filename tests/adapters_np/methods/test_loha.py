"""Claims of the papers on LoHa."""

from dataclasses import replace

import numpy as np
import pytest

from adapters_np.core import parameters, perturbed
from adapters_np.methods.loha import LoHa
from adapters_np.methods.lora import LoRA
from tests.toy import weight


def moved(rank: int = 4, shape: tuple[int, int] = (64, 64)) -> LoHa:
    rng = np.random.default_rng(1)
    return perturbed(LoHa.init(weight(*shape), rng, rank=rank), rng, 1.0)


def rank_of(adapter: LoHa, shape: tuple[int, int] = (64, 64)) -> int:
    return int(np.linalg.matrix_rank(adapter.delta(weight(*shape))))


@pytest.mark.parametrize(("rank", "more"), [(1, False), (2, False), (3, True), (6, True)])
def test_rank_exceeds_that_of_lora_with_as_many_parameters_only_above_two(
    rank: int, more: bool
) -> None:
    assert parameters(LoHa, 64, 64, rank=rank) == parameters(LoRA, 64, 64, rank=2 * rank)
    assert (rank_of(moved(rank)) > 2 * rank) == more


def test_change_is_lora_with_all_products_of_columns_as_factors() -> None:
    adapter, W = moved(3, (48, 64)), weight(48, 64)
    B, A = adapter.factors()
    assert B.shape == (48, 9)
    assert A.shape == (9, 64)
    for p, q in ((0, 0), (17, 5)):
        np.testing.assert_allclose(B[p], np.kron(adapter.B1[p], adapter.B2[p]))
        np.testing.assert_allclose(A[:, q], np.kron(adapter.A1[:, q], adapter.A2[:, q]))
    np.testing.assert_allclose(adapter.s * B @ A, adapter.delta(W), atol=1e-12)


def test_a_map_of_ones_leaves_lora() -> None:
    adapter, W = moved(4), weight(64, 64)
    ones = replace(adapter, B2=np.eye(4)[:1].repeat(64, 0), A2=np.eye(4)[:, :1].repeat(64, 1))
    expected = LoRA(adapter.A1, adapter.B1, adapter.s).delta(W)
    np.testing.assert_allclose(ones.delta(W), expected, atol=1e-12)
