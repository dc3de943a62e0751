"""Claims of the papers on LoHa."""

import numpy as np

from adapters_np.methods.loha import LoHa
from tests.toy import stepped, weight


def moved(rank: int = 4, shape: tuple[int, int] = (64, 64)) -> LoHa:
    return stepped(LoHa, weight(*shape), rank=rank)


def test_change_is_lora_with_all_products_of_columns_as_factors() -> None:
    adapter, W = moved(3, (48, 64)), weight(48, 64)
    B, A = adapter.factors()
    assert B.shape == (48, 9)
    assert A.shape == (9, 64)
    for p, q in ((0, 0), (17, 5)):
        np.testing.assert_allclose(B[p], np.kron(adapter.B1[p], adapter.B2[p]))
        np.testing.assert_allclose(A[:, q], np.kron(adapter.A1[:, q], adapter.A2[:, q]))
    np.testing.assert_allclose(adapter.s * B @ A, adapter.delta(W), atol=1e-12)
