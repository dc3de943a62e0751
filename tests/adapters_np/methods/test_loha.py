"""Claims of the papers on LoHa."""

import numpy as np
import pytest

from adapters_np.core import parameters
from adapters_np.methods.loha import LoHa
from adapters_np.methods.lora import LoRA
from tests.toy import stepped, weight


def moved(rank: int = 4, shape: tuple[int, int] = (64, 64)) -> LoHa:
    return stepped(LoHa, weight(*shape), rank=rank)


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
